"""Tools of the project's own work; no part of the package."""
