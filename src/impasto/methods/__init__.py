"""Methods: each turns styles and options into a stylizer, image -> image."""

from impasto.methods.contract import Step, Stylizer

__all__ = ["Step", "Stylizer"]
