"""The generated scene: the same whatever is asked for at once, and what its recipe says."""

from __future__ import annotations

import dataclasses

import numpy as np

from rsbench.datasets.targets.synthetic_scene import Recipe

RECIPE = Recipe(height=50, width=61, bands=30, targets=25, seed=7)


def test_rows_do_not_depend_on_how_many_are_made_at_a_time() -> None:
    whole = RECIPE.rows(0, 50)
    assert whole.shape == (50, 61, 30) and whole.dtype == np.float32
    for size in (1, 7, 49):
        parts = [RECIPE.rows(start, min(start + size, 50)) for start in range(0, 50, size)]
        assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(dataclasses.replace(RECIPE).rows(20, 23), whole[20:23])


def test_another_seed_is_another_scene_with_another_name() -> None:
    other = dataclasses.replace(RECIPE, seed=8)
    assert other.fingerprint != RECIPE.fingerprint
    assert not np.array_equal(other.places[0], RECIPE.places[0])
    assert np.abs(other.target_B - RECIPE.target_B).max() > 0.01


def test_targets_fill_the_part_of_their_pixels_that_the_recipe_says() -> None:
    positions, fills = RECIPE.places
    assert len(set(positions)) == 25 == RECIPE.map_HW().sum()
    assert (RECIPE.map_HW().ravel()[positions] == 1).all()
    assert RECIPE.fill[0] <= fills.min() and fills.max() <= RECIPE.fill[1]
    without = dataclasses.replace(RECIPE, fill=(0.0, 0.0))
    pure = dataclasses.replace(RECIPE, fill=(1.0, 1.0), noise=0.0)
    changed = np.abs(RECIPE.rows(0, 50) - without.rows(0, 50)).max(2) > 0
    assert np.array_equal(np.flatnonzero(changed), positions), "only target pixels differ from a scene without targets"
    spectra = pure.rows(0, 50).reshape(-1, 30)[positions]
    cosine = spectra @ pure.target_B / np.linalg.norm(spectra, axis=1) / np.linalg.norm(pure.target_B)
    np.testing.assert_allclose(cosine, 1, atol=1e-5)


def test_noise_has_the_level_of_its_band() -> None:
    clean = dataclasses.replace(RECIPE, noise=1e-12)
    noise = (RECIPE.rows(0, 50) - clean.rows(0, 50)).reshape(-1, 30)
    np.testing.assert_allclose(noise.std(0), RECIPE.noise_B, rtol=0.08)
    np.testing.assert_allclose(noise.mean(0), 0, atol=4 * RECIPE.noise_B.max() / np.sqrt(len(noise)))


def test_abundances_are_smooth_in_space() -> None:
    scene = dataclasses.replace(RECIPE, noise=0.0, targets=0).rows(0, 50)
    normal = scene / np.linalg.norm(scene, axis=2, keepdims=True)  # without light
    near = np.abs(normal[:, 1:] - normal[:, :-1]).mean()
    far = np.abs(normal[:, 30:] - normal[:, :-30]).mean()
    assert near < far / 4
