"""Measurements, by the public interface only; results are JSON files beside the scripts."""
