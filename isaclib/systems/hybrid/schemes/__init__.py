"""The schemes of ``hybrid``: one file each, holding one ``SCHEME``."""
