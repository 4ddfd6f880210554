"""What touches the edge of an image and is no writing: rules, shadows, the ends of neighbours' strokes, the black edge of a scan."""

from __future__ import annotations

from ..arrays import Mask
from .regions import Region

RIM, STRIP, ALONG, BAR, PATCH = 0.015, 0.25, 0.6, 0.9, (0.3, 0.6)
"""What is no further from the edge than this share of the longer side lies at it. A strip there is no broader than this share of the image,
and lies at it for this share of its length, as no leading 1 does; one inside that reaches from edge to edge is a bar where so much of its
box is ink; a patch is at least so broad and high, and so full."""


def touches(r: Region, width: int, height: int) -> bool:
    """Whether the frame cuts a region off."""
    return r.x == 0 or r.y == 0 or r.right == width or r.bottom == height


def is_edge_line(r: Region, width: int, height: int) -> bool:
    """A rule or shadow along the frame: nowhere far from it, and long; or all around it."""
    if not touches(r, width, height) or max(r.width / width, r.height / height) < 0.3:
        return False
    if r.width >= 0.97 * width and r.height >= 0.97 * height and r.mask.mean() < 0.2:
        return max(float(side.mean()) for side in (r.mask[0], r.mask[-1], r.mask[:, 0], r.mask[:, -1])) > 0.8
    rim = round(0.12 * min(width, height))
    inside = r.mask[max(rim - r.y, 0) : max(height - rim - r.y, 0), max(rim - r.x, 0) : max(width - rim - r.x, 0)]
    return bool(inside.sum() <= 0.02 * r.mask.sum())


def is_along_the_edge(r: Region, width: int, height: int) -> bool:
    """The black edge of a scan, a column rule, a binding, a desk: a strip from end to end of a side, or a broad patch at it."""
    rim = round(RIM * max(width, height))
    left, right, top, bottom = r.x <= rim, r.right >= width - rim, r.y <= rim, r.bottom >= height - rim
    full = float(r.mask.mean())
    at_left, at_right = r.mask[:, : max(rim - r.x, 0) + 1], r.mask[:, ::-1][:, : max(rim - width + r.right, 0) + 1]
    at_top, at_bottom = r.mask[: max(rim - r.y, 0) + 1], r.mask[::-1][: max(rim - height + r.bottom, 0) + 1]
    upright = (left and _share(at_left, 1) > ALONG) or (right and _share(at_right, 1) > ALONG) or full > BAR
    level = (top and _share(at_top, 0) > ALONG) or (bottom and _share(at_bottom, 0) > ALONG) or full > BAR
    if top and bottom and r.width <= STRIP * width and upright:
        return True
    if left and right and r.height <= STRIP * height and level:
        return True
    around = left and right and top and bottom
    broad = min(r.width / width, r.height / height) >= PATCH[0]
    return (left or right or top or bottom) and not around and broad and full > PATCH[1]


def _share(mask: Mask, axis: int) -> float:
    """The share of the rows (axis 1) or columns (axis 0) of a mask in which there is ink."""
    return float(mask.any(axis=axis).mean()) if mask.size else 0.0


def is_corner(r: Region, width: int, height: int) -> bool:
    """The end of a neighbour's stroke: small, at the frame."""
    return touches(r, width, height) and max(r.width / width, r.height / height) < 0.12


def is_shadow(r: Region, width: int, height: int) -> bool:
    """A shadow, a finger or the edge of the sheet: most of a side of the region's box lies on the image's edge."""
    if r.height >= 0.35 * height:
        return False
    shares = [0.0]
    shares += [float(r.mask[0].mean())] if r.y == 0 else []
    shares += [float(r.mask[-1].mean())] if r.bottom == height else []
    shares += [float(r.mask[:, 0].mean())] if r.x == 0 else []
    shares += [float(r.mask[:, -1].mean())] if r.right == width else []
    return max(shares) > 0.6
