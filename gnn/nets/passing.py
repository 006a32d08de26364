"""Passing: what one type gets in a layer, forward and backward, on the CPU.

Sums over links are torch's embedding bags, whose kernel fetches ahead, and which never hold a row per link; the way back is a bag over the links
turned round. What follows goes a block of rows at a time, so that means, distances and their gradients stay in the processor's cache between a
kernel and the products with the weights of all relations at once. Kept for the way back are the means and what came out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnn.nets.kernels import spread, spread_back
from gnn.nets.typed import Links

_BLOCK = 1_024  # rows; with what a few relations bring some hundred kilobytes


class Bags:
    """Links of one relation as embedding bags, both ways; made once for many passes."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self.share = (1 / np.maximum(np.diff(links.indptr), 1)).astype(np.float32)  # of a source in its target's mean

    def sums(self, sources: Tensor) -> Tensor:
        """Of each target the sum of its sources' rows."""
        return _sums(sources.detach(), *self._forth)

    def sums_back(self, targets: Tensor) -> Tensor:
        """Of each source the sum of its targets' rows."""
        return _sums(targets, *self._back)

    @cached_property
    def _forth(self) -> tuple[Tensor, Tensor]:
        return _bags(self._links)

    @cached_property
    def _back(self) -> tuple[Tensor, Tensor]:
        return _bags(self._links.reversed())


@dataclass(frozen=True, slots=True)
class Arriving:
    """A relation, and which of the given tables its sources are in."""

    bags: Bags
    table: int


class Passing(torch.autograd.Function):
    """relu(x W' + b + Σ_r (m_r A_r' + |x - m_r| B_r')): `own` W and its bias; `near` and `unlike`, the A_r and the B_r of all relations side by
    side, [width, relations * width]. The first of the `tables` [rows, width] is x."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's own context)
        arriving: Sequence[Arriving],
        own: Tensor,
        bias: Tensor,
        near: Tensor,
        unlike: Tensor,
        *tables: Tensor,
    ) -> Tensor:
        x, width = tables[0].contiguous(), tables[0].shape[1]
        sums = [came.bags.sums(tables[came.table]) for came in arriving]
        out, means = torch.empty(len(x), len(own)), torch.empty(len(x), near.shape[1])
        apart = torch.empty(min(len(x), _BLOCK), near.shape[1])
        for rows in _blocks(len(x)):
            mine, mean = x[rows], means[rows]
            far = apart[: len(mine)]
            for number, (came, total) in enumerate(zip(arriving, sums, strict=True)):
                share, column = came.bags.share[rows], number * width
                spread(mine.numpy(), total[rows].numpy(), share, column, mean.numpy(), far.numpy())
            block = torch.addmm(bias, mine, own.t(), out=out[rows])
            block.addmm_(mean, near.t()).addmm_(far, unlike.t()).relu_()
        ctx.arriving, ctx.tables = arriving, len(tables)
        ctx.save_for_backward(x, out, means, own, near, unlike)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, out, means, own, near, unlike = ctx.saved_tensors
        width, to_x = x.shape[1], torch.empty_like(x)
        to_sums = [torch.empty_like(x) for _ in ctx.arriving]
        to_own, to_bias = torch.zeros_like(own), torch.zeros(len(own))
        to_near, to_unlike = torch.zeros_like(near), torch.zeros_like(unlike)
        for rows in _blocks(len(x)):
            mine, mean = x[rows], means[rows]
            part = torch.ops.aten.threshold_backward(gradients[0][rows], out[rows], 0)
            by_mean, far, into = part @ near, part @ unlike, torch.mm(part, own, out=to_x[rows])
            for number, came in enumerate(ctx.arriving):
                share, column, back = came.bags.share[rows], number * width, to_sums[number][rows].numpy()
                spread_back(
                    mine.numpy(), mean.numpy(), share, column, by_mean.numpy(), far.numpy(), into.numpy(), back
                )  # fmt: skip
            turned = part.t()
            to_bias += part.sum(0)
            to_own.addmm_(turned, mine)
            to_near.addmm_(turned, mean)
            to_unlike.addmm_(turned, far)
        to_tables: list[Tensor | None] = [to_x, *[None] * (ctx.tables - 1)]
        for came, moved in zip(ctx.arriving, to_sums, strict=True):
            given, before = came.bags.sums_back(moved), to_tables[came.table]
            to_tables[came.table] = given if before is None else before.add_(given)
        return None, to_own, to_bias, to_near, to_unlike, *to_tables


def _bags(links: Links) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(links.indices), torch.from_numpy(links.indptr.astype(np.int32))


def _sums(rows: Tensor, members: Tensor, bounds: Tensor) -> Tensor:
    return torch.nn.functional.embedding_bag(members, rows, bounds, mode="sum", include_last_offset=True)


def _blocks(rows: int) -> list[slice]:
    return [slice(begin, min(begin + _BLOCK, rows)) for begin in range(0, rows, _BLOCK)]
