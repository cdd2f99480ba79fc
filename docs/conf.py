"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path
from typing import Any

import isaclib

sys.path.insert(0, str(Path(__file__).with_name("extensions")))

project = "isaclib"
author = "the isaclib authors"
copyright = "the isaclib authors"
version = release = isaclib.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx-mathjax-offline",  # the pages need no network
    "docstrings",
    "schema",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
default_role = "py:obj"
autodoc_typehints = "none"  # numpydoc's sections say it
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}

highlight_language = "none"  # what is not said to be of a language is not coloured

html_theme = "furo"
html_title = f"isaclib {release}"
html_static_path = ["style"]
html_css_files = ["wide.css"]


def links_within(app: Any, docname: str, source: list[str]) -> None:
    """Lead links to files of the repository to the pages that are made from them."""
    for file, page in {"../config/README.md": "campaign.md", "../CONTRIBUTING.md": "contributing.md"}.items():
        source[0] = source[0].replace(f"]({file}", f"]({page}")


def setup(app: Any) -> None:
    """Add it to the build."""
    app.connect("source-read", links_within)
