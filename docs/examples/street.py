"""Channels of two users in a street: the direct path and the one that a wall sends back, as a file of channels."""

import sys

import numpy as np

import isaclib
from isaclib.physics import arrays, channels

REALISATIONS = 128
WALL_Y_M, WALL_REFLECTION = -8.0, -0.6

p = isaclib.get_system("hybrid").Parameters(elements=16)
elements_m = arrays.uniform_linear(p.elements, p.element_spacing_m)  # along y, around the origin
rng = np.random.default_rng(2026)
users_m = np.stack([rng.uniform(12.0, 30.0, (REALISATIONS, 2)), rng.uniform(-6.0, 6.0, (REALISATIONS, 2))], axis=-1)
images_m = users_m * [1.0, -1.0] + [0.0, 2.0 * WALL_Y_M]  # the wall is a mirror


def path(places_m):
    """Return a path from every antenna to every user, shape (realisations, users, elements)."""
    gain = channels.free_space_gain(np.linalg.norm(places_m, axis=-1), p.wavelength_m)
    return gain[..., None] * arrays.spherical_response(elements_m, places_m, p.wavelength_m)


isaclib.write_channels(
    sys.argv[1],
    system="hybrid",
    channels=path(users_m) + WALL_REFLECTION * path(images_m),
    user_positions_m=users_m,
)
