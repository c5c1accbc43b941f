"""A text detector by RapidOCR: PaddleOCR's models, which come with the package, run by ONNX Runtime.

Compared on 40 generated pictures with 240 texts of 12 to 60 pixels in eight fonts, at all four right angles: these
models found 240 with the thresholds below, 239 with the package's own; those of rapidocr-onnxruntime 1.4.4, which is no
longer released and needs a Python older than 3.13, found 236.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box, joined
from emulator.deidentify.image.tiles import SIDE, tiles
from emulator.deidentify.image.ways import Way, in_picture, resized, scaled, shown

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

THREADS = 1
"""Threads of one inference: there are as many processes as should work at a time (pool.py)."""
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_SMALL = 736
"""The shorter side up to which pictures are enlarged; the package's own setting."""
_SETTINGS = {
    "Global.log_level": "critical",
    "Global.max_side_len": 2 * SIDE,
    "Global.text_score": 0.0,
    "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
    "EngineConfig.onnxruntime.inter_op_num_threads": THREADS,
    "Det.limit_type": "min",
    "Det.limit_side_len": _SMALL,
    "Det.thresh": 0.2,
    "Det.box_thresh": 0.3,
}
_LARGE = 0.2
"""From this part of a tile's shorter side on, a box must be well readable: a chest can look like one character."""
_SURE = 0.6
"""Below this score of being text, a box must be readable: bright spots of an image can look like one character."""
_CHARACTERS = 2
"""So many characters at least are read in a box that is readable."""
_READABLE, _WELL_READABLE = 0.3, 0.8
"""The score of reading. Of 240 texts the worst had 0.35 and three characters, of 60 spots all one or none."""
_UPRIGHT = 1.5
"""How much higher than wide a box is whose text runs up or down."""
_CONTEXT = 2
"""Pixels around a box that are read with it."""


class RapidDetector:
    """A TextDetector that loads its models with the first picture. For one thread."""

    def boxes(self, picture: Picture, way: Way = Way.PLAIN) -> list[Box]:
        """As TextDetector's, with what is shown cut into tiles, and once more as a whole where it is large.

        Enlarged it is not shown as a whole: that is for small letters.
        """
        seen = shown(picture, way)
        height, width = seen.shape[:2]
        found = [box for tile in tiles(width, height) for box in self._in_tile(seen, tile)]
        found += self._at_once(seen) if max(height, width) > SIDE and way is not Way.ENLARGED else []
        return joined(in_picture(box, way, picture.shape[1], picture.shape[0]) for box in found)

    def read(self, picture: Picture, box: Box) -> Box:
        """As TextDetector's; text that runs up, down or upside down is turned first."""
        import numpy as np

        around = box.grown(_CONTEXT, picture.shape[1], picture.shape[0]) or box
        part = picture[around.y : around.bottom, around.x : around.right]
        line = np.rot90(part) if box.height > _UPRIGHT * box.width else part
        output = self._engine(_colours(line), use_det=False, use_cls=True, use_rec=True)
        if not output.txts:
            return box
        return Box(box.x, box.y, box.width, box.height, str(output.txts[0]), float(output.scores[0]))

    @cached_property
    def _engine(self) -> Any:
        """The models, read from the package's own files: where these are named, it never asks for others."""
        import rapidocr
        from rapidocr import RapidOCR

        folder = Path(rapidocr.__file__).parent / "models"
        return RapidOCR(params=_SETTINGS | {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()})

    def _in_tile(self, picture: Picture, tile: Box) -> list[Box]:
        part = picture[tile.y : tile.bottom, tile.x : tile.right]
        found = (box.moved(tile.x, tile.y) for box in self._found(part))
        return [box for box in found if self._is_text(picture, box, _LARGE * tile.shorter)]

    def _at_once(self, picture: Picture) -> list[Box]:
        """Letters of a large picture that are too large for tiles, found in a smaller copy of it."""
        height, width = picture.shape[:2]
        factor = SIDE / max(height, width)
        small = resized(picture, factor)
        whole = Box(0, 0, small.shape[1], small.shape[0])
        return [scaled(box, 1 / factor, width, height) for box in self._in_tile(small, whole)]

    def _found(self, picture: Picture) -> list[Box]:
        output = self._engine(_colours(_widened(picture)), use_det=True, use_cls=False, use_rec=False)
        if output.boxes is None:
            return []
        height, width = picture.shape[:2]
        corners = zip(output.boxes, output.scores, strict=True)
        boxes = (_around(points, float(score)).grown(0, width, height) for points, score in corners)
        return [box for box in boxes if box is not None]

    def _is_text(self, picture: Picture, box: Box, large: float) -> bool:
        """Whether a box that was found holds text; one that is large, or may be none, has to be readable."""
        needed = _WELL_READABLE if box.shorter >= large else _READABLE if box.score < _SURE else 0.0
        if not needed:
            return True
        said = self.read(picture, box)
        return len(said.text) >= _CHARACTERS and said.score >= needed


def _widened(picture: Picture) -> Picture:
    """A narrow picture with black beside it: the engine enlarges pictures until their shorter side is _SMALL pixels."""
    import numpy as np

    longer = max(picture.shape[:2])
    least = _SMALL if longer >= _SMALL else -(-longer // 2)
    more = [(0, max(0, least - side)) for side in picture.shape[:2]]
    return np.pad(picture, [*more, *[(0, 0)] * (picture.ndim - 2)]) if any(behind for _, behind in more) else picture


def _colours(picture: Picture) -> Picture:
    """Three channels in the order that the models were trained with: blue, green, red."""
    import numpy as np

    three = np.stack([picture] * 3, axis=-1) if picture.ndim == 2 else picture[..., ::-1]
    return np.ascontiguousarray(three)


def _around(points: Any, score: float) -> Box:
    """The upright box around four corners."""
    (left, top), (right, bottom) = points.min(axis=0).astype(int).tolist(), points.max(axis=0).astype(int).tolist()
    return Box(left, top, right - left + 1, bottom - top + 1, score=score)
