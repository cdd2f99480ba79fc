"""Rows of unequal size in one table."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from isaclib.campaign.table import Table, fill_value


def test_dimensions_are_aligned_by_label_and_padded():
    table = Table(3)
    first = xr.Dataset(
        {"violation": (("realisation", "constraint"), [[1.0, 2.0]])}, coords={"constraint": ["power", "rate 0"]}
    )
    second = xr.Dataset(
        {"violation": (("realisation", "constraint"), [[3.0, 4.0], [5.0, 6.0]])},
        coords={"constraint": ["modulus", "power"]},
    )
    table.put_dataset(slice(0, 1), first, point="a")
    table.put_dataset(slice(1, 3), second, point="b")
    table.finish()
    assert table.labels["constraint"] == ["power", "rate 0", "modulus"]
    expected = [[1.0, 2.0, np.nan], [4.0, np.nan, 3.0], [6.0, np.nan, 5.0]]
    np.testing.assert_array_equal(table.columns["violation"].values, expected)
    assert table.extents["design"]["b"]["constraint"] == ["modulus", "power"]


def test_complex_numbers_and_truth_values_have_a_stored_form():
    table = Table(1)
    table.put("w", slice(0, 1), ("antenna",), np.array([[1.0 + 2.0j]]))
    table.put("ok", slice(0, 1), (), np.array([True]))
    assert table.columns["w"].dims == ("antenna", "part")
    np.testing.assert_array_equal(table.columns["w"].values, [[[1.0, 2.0]]])
    assert table.columns["ok"].values.tolist() == [1]


def test_integers_that_are_missing_are_not_zero():
    table = Table(2)
    table.put("iterations", slice(0, 1), (), np.array([7]))
    assert table.columns["iterations"].values.tolist() == [7, fill_value("int64")]


def test_what_is_no_metric_is_refused():
    table = Table(2)
    with pytest.raises(ValueError, match="metric 'name' has type <U1: expected numbers"):
        table.put("name", slice(0, 2), (), np.array(["a", "b"]))
    with pytest.raises(ValueError, match="expected 'realisation' among them"):
        table.put_dataset(slice(0, 2), xr.Dataset({"a": ("user", [1.0])}))
    table.put("a", slice(0, 1), (), np.array([1.0]))
    with pytest.raises(ValueError, match="metric 'a' has dimensions and type"):
        table.put("a", slice(1, 2), ("user",), np.array([[1.0]]))
