"""How each synthetic class is drawn: shapes and textures say what it is, colours alone do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rsbench.datasets.scenes.synthetic_canvas import (
    SIDE,
    Canvas,
    box,
    open_ground,
    paving_colour,
    plant_colour,
    rgb,
    roof_colour,
    soft,
    soil_colour,
    water_colour,
)

Drawing = Callable[[np.random.Generator], Canvas]


def crop_field(rng: np.random.Generator) -> Canvas:
    """Draw parallel furrows, on one or two parcels."""
    canvas = open_ground(rng)
    angle, other = canvas.angle(), plant_colour(rng)
    parcels = soft(canvas.turned(angle if rng.random() < 0.5 else angle + np.pi / 2, canvas.point(20))[1])
    canvas.paint(0.7 * parcels, other)
    _, v = canvas.turned(angle)
    canvas.shade(np.sin(2 * np.pi * v / canvas.uniform(3.2, 7) + canvas.angle()), canvas.uniform(0.12, 0.3))
    return canvas


def forest(rng: np.random.Generator) -> Canvas:
    """Draw crowns side by side."""
    leaf = plant_colour(rng)
    canvas = Canvas(rng, leaf * np.float32(0.4))
    for _ in range(110):
        canvas.tree(canvas.point(33), canvas.uniform(2.2, 4.2), leaf * np.float32(canvas.uniform(0.7, 1.25)))
    return canvas


def water(rng: np.random.Generator) -> Canvas:
    """Draw open water with faint waves."""
    canvas = Canvas(rng, water_colour(rng))
    canvas.shade(canvas.noise(2.0), canvas.uniform(0.03, 0.12))
    _, v = canvas.turned(canvas.angle())
    waves = np.sin(2 * np.pi * v / canvas.uniform(4, 9) + canvas.noise(1.6)) * canvas.noise(1.8)
    canvas.shade(waves, canvas.uniform(0.0, 0.06))
    return canvas


def beach(rng: np.random.Generator) -> Canvas:
    """Draw a shore: water, surf in lines along it, sand."""
    canvas = Canvas(rng, soil_colour(rng))
    canvas.shade(canvas.noise(1.0), 0.04)
    _, v = canvas.turned(canvas.angle(), canvas.point(10))
    shore = v + canvas.uniform(1.5, 4) * canvas.noise(2.2)
    canvas.paint(soft(shore), water_colour(rng))
    for distance in np.cumsum(rng.uniform(1.5, 5, rng.integers(2, 4))):
        canvas.paint(soft(canvas.uniform(0.5, 1.2) - np.abs(shore - distance)), rgb(0.85, 0.88, 0.9))
    return canvas


def runway(rng: np.random.Generator) -> Canvas:
    """Draw one wide strip with a dashed centre line, edge lines and a threshold."""
    canvas = open_ground(rng)
    half_width = canvas.uniform(7, 11)
    u, v = canvas.strip(canvas.angle(), canvas.point(9), half_width)
    paint = rgb(0.9, 0.9, 0.88)
    dashes = ((u + canvas.uniform(0, 12)) % 12 < 7) * soft(0.8 - np.abs(v))
    canvas.paint(dashes.astype(np.float32), paint)
    canvas.paint(soft(0.5 - np.abs(np.abs(v) - half_width + 1.5)), paint)
    if rng.random() < 0.5:
        bars = (np.abs(u - canvas.uniform(-15, 15)) < 3) * (v % 3 < 1.5) * (np.abs(v) < half_width - 2)
        canvas.paint(bars.astype(np.float32), paint)
    return canvas


def dense_housing(rng: np.random.Generator) -> Canvas:
    """Draw small roofs wall to wall along streets."""
    canvas = Canvas(rng, paving_colour(rng))
    canvas.shade(canvas.noise(0.8), 0.08)
    angle, pitch = canvas.angle(), canvas.uniform(9, 12)
    for centre in canvas.lattice(angle, pitch, pitch * 0.85, jitter=0.6):
        canvas.house(centre, angle, canvas.uniform(3.2, 4.4), canvas.uniform(2.6, 3.6))
    return canvas


def sparse_housing(rng: np.random.Generator) -> Canvas:
    """Draw a few houses among trees, with a track."""
    canvas = open_ground(rng, 0.12)
    canvas.strip(canvas.angle(), canvas.point(18), 1.2)
    leaf = plant_colour(rng)
    for _ in range(rng.integers(6, 16)):
        canvas.tree(canvas.point(31), canvas.uniform(2, 3.5), leaf * np.float32(canvas.uniform(0.6, 1.1)))
    for _ in range(rng.integers(2, 5)):
        canvas.house(canvas.point(24), canvas.angle(), canvas.uniform(4.5, 6.5), canvas.uniform(3.2, 4.5))
    return canvas


def harbour(rng: np.random.Generator) -> Canvas:
    """Draw piers with boats on both sides."""
    canvas = Canvas(rng, water_colour(rng))
    canvas.shade(canvas.noise(1.5), 0.05)
    angle, pitch = canvas.angle(), canvas.uniform(15, 20)
    u, v = canvas.turned(angle, canvas.point(8))
    pier = paving_colour(rng) + np.float32(0.15)
    nearest = v - pitch * np.round(v / pitch)
    canvas.paint(soft(1.2 - np.abs(nearest)), pier)
    canvas.paint(soft(u - canvas.uniform(18, 30)), pier)
    boat = canvas.uniform(3.4, 4.6)
    along = u % boat
    hulls = soft(boat * 0.32 - np.abs(along - boat / 2)) * soft(2.6 - np.abs(np.abs(nearest) - 4.4))
    berth = np.floor(u / boat).astype(np.int64) * 7 + np.floor(v / (pitch / 2)).astype(np.int64) * 13
    canvas.paint(hulls * (rng.random(64) < 0.85)[berth % 64], rgb(0.88, 0.88, 0.86))
    return canvas


def intersection(rng: np.random.Generator) -> Canvas:
    """Draw two roads that cross, with centre lines and a few roofs at the corners."""
    canvas = open_ground(rng)
    angle, centre, paving = canvas.angle(), canvas.point(9), paving_colour(rng)
    for _ in range(rng.integers(0, 4)):
        canvas.house(canvas.point(30), angle, canvas.uniform(4, 6), canvas.uniform(3, 5))
    half_widths = rng.uniform(3, 5.5, 2)
    axes = [canvas.turned(angle + turn, centre) for turn in (0, np.pi / 2 + canvas.uniform(-0.3, 0.3))]
    for (_, v), half_width in zip(axes, half_widths, strict=True):
        canvas.paint(soft(half_width - np.abs(v)), paving)
    for u, v in axes:
        line = soft(0.5 - np.abs(v)) * (np.abs(u) > half_widths.max() + 1)
        canvas.paint(0.8 * line.astype(np.float32), rgb(0.9, 0.88, 0.7))
    return canvas


def river(rng: np.random.Generator) -> Canvas:
    """Draw a winding band of water."""
    canvas = open_ground(rng, 0.12)
    u, v = canvas.turned(canvas.angle(), canvas.point(8))
    bend = canvas.uniform(5, 11) * np.sin(2 * np.pi * u / canvas.uniform(38, 75) + canvas.angle())
    distance = np.abs(v - bend + 0.8 * canvas.noise(2.0))
    half_width = canvas.uniform(3.5, 7)
    canvas.paint(soft(half_width + 2 - distance), soil_colour(rng))
    canvas.paint(soft(half_width - distance), water_colour(rng))
    return canvas


def parking_lot(rng: np.random.Generator) -> Canvas:
    """Draw rows of cars, not every bay taken."""
    canvas = Canvas(rng, paving_colour(rng))
    canvas.shade(canvas.noise(1.0), 0.05)
    u, v = canvas.turned(canvas.angle(), canvas.point(10))
    bay, row = canvas.uniform(3.4, 4.4), canvas.uniform(9, 12)
    along, across = u % bay - bay / 2, v % row - row / 2
    canvas.paint(soft(0.35 - np.abs(np.abs(along) - bay / 2)) * (np.abs(across) < 3.2), rgb(0.8, 0.8, 0.78))
    number = np.floor(u / bay).astype(np.int64) * 31 + np.floor(v / row).astype(np.int64) * 17
    colours = np.stack([roof_colour(rng) for _ in range(64)])
    taken = (rng.random(64) < canvas.uniform(0.5, 0.95))[number % 64]
    cars = soft(bay * 0.3 - np.abs(along)) * soft(2.6 - np.abs(across)) * taken
    canvas.paint(cars, colours[number % 64])
    return canvas


def storage_tanks(rng: np.random.Generator) -> Canvas:
    """Draw round bright tanks with shadows and rims."""
    canvas = Canvas(rng, soil_colour(rng) if rng.random() < 0.5 else paving_colour(rng))
    canvas.shade(canvas.noise(1.2), 0.08)
    radius = canvas.uniform(6, 10)
    shift = canvas.point(1)
    for centre in canvas.lattice(canvas.angle(), 2.6 * radius, 2.6 * radius, jitter=1.5):
        _tank(canvas, centre, radius + shift[0])
    return canvas


def _tank(canvas: Canvas, centre: tuple[float, float], radius: float) -> None:
    """Paint one tank, or leave its place empty."""
    if canvas.rng.random() < 0.2:
        return
    x, y = centre
    roof = canvas.uniform(0.65, 0.92)
    canvas.disc((x + 2, y + 2), radius, rgb(0.1, 0.1, 0.12), 0.7)
    canvas.disc(centre, radius, rgb(roof * 0.7, roof * 0.7, roof * 0.7))
    canvas.disc(centre, radius - 1.2, rgb(roof, roof, roof))


def orchard(rng: np.random.Generator) -> Canvas:
    """Draw trees on a regular lattice."""
    canvas = open_ground(rng)
    leaf, pitch = plant_colour(rng) * np.float32(0.7), canvas.uniform(6.5, 9)
    radius = pitch * canvas.uniform(0.28, 0.36)
    for centre in canvas.lattice(canvas.angle(), pitch, pitch * canvas.uniform(0.95, 1.2), jitter=0.3):
        canvas.tree(centre, radius, leaf)
    return canvas


def desert(rng: np.random.Generator) -> Canvas:
    """Draw dunes: bent crests, bright on one side and dark on the other."""
    canvas = Canvas(rng, soil_colour(rng))
    _, v = canvas.turned(canvas.angle())
    phase = (v + canvas.uniform(3, 5) * canvas.noise(2.4)) / canvas.uniform(11, 17)
    saw = phase - np.floor(phase)
    canvas.shade((saw - 0.5).astype(np.float32), canvas.uniform(0.3, 0.6))
    return canvas


def mountain(rng: np.random.Generator) -> Canvas:
    """Draw rugged relief lit from one side, snow or bare rock on top."""
    canvas = open_ground(rng)
    height = canvas.noise(2.1) - 0.8 * np.abs(canvas.noise(1.7))
    slope_y, slope_x = np.gradient(height)
    angle = canvas.angle()
    light = np.clip((slope_x * np.cos(angle) + slope_y * np.sin(angle)) * 4, -1, 1).astype(np.float32)
    if rng.random() < 0.5:
        canvas.paint(soft((height - canvas.uniform(0.6, 1.4)) * 4), rgb(0.85, 0.86, 0.88))
    canvas.shade(light, canvas.uniform(0.4, 0.65))
    return canvas


def golf_course(rng: np.random.Generator) -> Canvas:
    """Draw smooth fairways in rougher grass, with bright bunkers and trees."""
    canvas = open_ground(rng, 0.15)
    fairway = canvas.noise(2.6)
    canvas.paint(soft((fairway - 0.1) * 6), plant_colour(rng) * np.float32(1.25))
    for _ in range(rng.integers(3, 7)):
        x, y = canvas.point(26)
        for _ in range(3):
            spot = (x + canvas.uniform(-3, 3), y + canvas.uniform(-3, 3))
            canvas.disc(spot, canvas.uniform(1.8, 3.2), rgb(0.88, 0.83, 0.7))
    leaf = plant_colour(rng) * np.float32(0.6)
    for _ in range(rng.integers(8, 20)):
        canvas.tree(canvas.point(31), canvas.uniform(1.5, 2.6), leaf)
    return canvas


def industrial(rng: np.random.Generator) -> Canvas:
    """Draw a few very large halls with ribbed roofs."""
    canvas = Canvas(rng, paving_colour(rng))
    canvas.shade(canvas.noise(1.0), 0.06)
    angle, rib = canvas.angle(), canvas.uniform(3, 5)
    spacing = canvas.uniform(24, 30)
    cos, sin = np.cos(angle), np.sin(angle)
    start = canvas.point(spacing / 2)
    for u0 in np.arange(-2, 3) * spacing + start[0]:
        for v0 in np.arange(-2, 3) * spacing + start[1]:
            centre = (float(u0 * cos - v0 * sin), float(u0 * sin + v0 * cos))
            half = (spacing * canvas.uniform(0.34, 0.45), spacing * canvas.uniform(0.25, 0.42))
            u, v = canvas.turned(angle, (centre[0] + 2, centre[1] + 2))
            canvas.paint(0.6 * box(u, v, *half), rgb(0.08, 0.08, 0.1))
            u, v = canvas.turned(angle, centre)
            colour = roof_colour(rng)
            ribs = 1 + np.float32(0.12) * np.sign(np.sin(2 * np.pi * u / rib))
            canvas.paint(box(u, v, *half), colour * ribs[..., None])
    return canvas


def pivot_field(rng: np.random.Generator) -> Canvas:
    """Draw round irrigated fields that touch each other, with wheel tracks."""
    canvas = Canvas(rng, soil_colour(rng))
    canvas.shade(canvas.noise(1.2), 0.06)
    radius, centre, angle = canvas.uniform(15, 22), canvas.point(14), canvas.angle()
    for i in (-2, -1, 0, 1, 2):
        for j in (-2, -1, 0, 1, 2):
            u, v = 2.08 * radius * i, 2.08 * radius * j
            x, y = (
                centre[0] + u * np.cos(angle) - v * np.sin(angle),
                centre[1] + u * np.sin(angle) + v * np.cos(angle),
            )
            if max(abs(x), abs(y)) > SIDE / 2 + radius:
                continue
            distance = np.hypot(canvas.x - x, canvas.y - y)
            ring = 1 + np.float32(0.08) * np.sin(2 * np.pi * distance / 5)
            canvas.paint(soft(radius - distance), plant_colour(rng) * ring[..., None])
    return canvas


DRAWINGS: dict[str, Drawing] = {
    "beach": beach,
    "crop_field": crop_field,
    "dense_housing": dense_housing,
    "desert": desert,
    "forest": forest,
    "golf_course": golf_course,
    "harbour": harbour,
    "industrial": industrial,
    "intersection": intersection,
    "mountain": mountain,
    "orchard": orchard,
    "parking_lot": parking_lot,
    "pivot_field": pivot_field,
    "river": river,
    "runway": runway,
    "sparse_housing": sparse_housing,
    "storage_tanks": storage_tanks,
    "water": water,
}
"""One function a class; the order is the order of the labels."""
