"""Colours of regions are exact and told apart; sheets show both pictures."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from impasto.images import load, save_picture
from impasto.regions import Regions, label_picture, outlined, preview, preview_one
from impasto.regions.pictures import PALETTE
from impasto.regions.superpixels import oklab

LABELS = np.arange(8, dtype=np.uint8).repeat(4).reshape(4, 8).repeat(5, 0).repeat(4, 1)


def test_colors_survive_a_file(tmp_path: Path) -> None:
    picture = label_picture(LABELS)
    assert picture.dtype == np.float32
    save_picture(tmp_path / "labels.png", picture)
    stored = np.rint(load(tmp_path / "labels.png") * 255)
    assert np.array_equal(stored, PALETTE[LABELS])


def test_colors_are_far_apart() -> None:
    lab = oklab(PALETTE[None].astype(np.float32) / 255)[0]
    assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > 0.1


def test_a_sheet_shows_both() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 30:] = 1
    content, style = np.full((40, 60, 3), 0.5, np.float32), np.full((60, 60, 3), 0.2, np.float32)
    turned = np.zeros((60, 60), np.uint8)
    turned[30:] = 1
    sheet = preview(content, style, Regions(labels, turned))
    one = preview_one(content, labels)
    assert sheet.dtype == np.float32
    assert sheet.shape[1] > 2 * one.shape[1]
    assert 0 <= sheet.min() <= sheet.max() <= 1
    assert np.array_equal(sheet[: len(one), : one.shape[1]], one)
    below = one[-10, [100, 500]]
    assert np.allclose(below, PALETTE[:2] / 255)


def test_outlines_are_where_labels_change() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:, 10:] = 1
    seen = outlined(np.full((20, 20, 3), 0.5, np.float32), labels)
    assert (seen[:, 10] == 0).all()
    assert (seen[:, 9] == 1).all()
    assert (seen[:, 3] == seen[0, 0]).all()
