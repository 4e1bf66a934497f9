"""What turns the sources of the book into the site: build, vendored scripts, two Sphinx extensions, exports."""
