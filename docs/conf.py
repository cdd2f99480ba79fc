"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

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

html_theme = "furo"
html_title = f"isaclib {release}"
html_static_path = ["style"]
html_css_files = ["wide.css"]
