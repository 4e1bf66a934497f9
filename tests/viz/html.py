"""What the tests look for in a figure's HTML."""

import base64
import io

from bs4 import BeautifulSoup, Tag
from PIL import Image


def parse(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def images(html: str) -> list[Tag]:
    return parse(html).find_all("img")


def data(image: Tag) -> bytes:
    return base64.b64decode(image["src"].split(",", 1)[1])


def picture(image: Tag) -> Image.Image:
    return Image.open(io.BytesIO(data(image)))
