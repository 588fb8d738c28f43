"""A client for the server of `impasto serve`: pictures in, pictures out, from any Python program.

    client = Client("http://127.0.0.1:7860")
    painted = client.stylize("photo.jpg", "starry-night", strength=0.8)

Methods are named after what they ask for; errors are those of `impasto.errors`, as the server told
them.
"""

from impasto.client.client import Client
from impasto.client.told import Event, FileInfo, JobInfo, StyleInfo

__all__ = ["Client", "Event", "FileInfo", "JobInfo", "StyleInfo"]
