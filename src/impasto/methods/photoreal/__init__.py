"""Photographs that stay photographs: tone, colour and light of a style, and no texture."""
