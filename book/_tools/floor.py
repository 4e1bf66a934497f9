"""Who may compute now: cells of several chapters side by side, or one cell that measures time, alone."""

from __future__ import annotations

import threading


class Closed(RuntimeError):
    """The build is being stopped; nothing more is started."""


class Floor:
    """A lock that many share or one holds. Whoever wants it alone goes before those who would share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._wanted_alone = 0
        self._taken = False
        self._closed = False

    def enter(self, *, alone: bool) -> None:
        with self._changed:
            self._wanted_alone += alone
            try:
                self._changed.wait_for(lambda: self._closed or self._is_free(alone))
            finally:
                self._wanted_alone -= alone
            if self._closed:
                raise Closed
            if alone:
                self._taken = True
            else:
                self._sharing += 1

    def leave(self, *, alone: bool) -> None:
        with self._changed:
            if alone:
                self._taken = False
            else:
                self._sharing -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Wake all who wait, and let none in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_free(self, alone: bool) -> bool:
        if self._taken:
            return False
        return self._sharing == 0 if alone else self._wanted_alone == 0
