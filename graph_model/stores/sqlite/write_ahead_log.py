"""The log beside a SQLite file: which of its commits can't be read. SQLite itself drops them without a word, as it must after a power cut.

A commit is whole when every frame up to it follows from the one before by checksum. What is written over an older log has other salts, and doesn't count.
"""

import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)  # checksums over little-endian words, and over big-endian ones
Sums = tuple[int, int]


def lost_commits(log: Path) -> int:
    """How many commits lie behind the first frame that can't be read. Where others write meanwhile the answer is of some moment of it."""
    try:
        with log.open("rb") as source:
            header = source.read(_HEADER)
            if len(header) < _HEADER:
                return 0
            magic, _, page_size, _, salt_1, salt_2, sum_1, sum_2 = struct.unpack(">8I", header)
            if magic not in _MAGIC or page_size < 512:
                return 1  # a log with a head that is none
            order = "<" if magic == _MAGIC[0] else ">"
            sums = _summed((0, 0), header[:24], order)
            sound, lost = sums == (sum_1, sum_2), 0
            while len(frame := source.read(_FRAME + page_size)) == _FRAME + page_size:
                _, size_after, frame_salt_1, frame_salt_2, sum_1, sum_2 = struct.unpack(">6I", frame[:_FRAME])
                if sound:
                    if (frame_salt_1, frame_salt_2) != (salt_1, salt_2):
                        return 0  # the rest is of an older log
                    sums = _summed(_summed(sums, frame[:8], order), frame[_FRAME:], order)
                    sound = sums == (sum_1, sum_2)
                if not sound and size_after > 0 and (frame_salt_1, frame_salt_2) == (salt_1, salt_2):
                    lost += 1
            return lost
    except FileNotFoundError:
        return 0


def _summed(sums: Sums, data: bytes, order: str) -> Sums:
    """The log's own checksum, carried on over more of it."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
