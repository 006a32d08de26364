"""Queries of referral circles: the list of them, and one."""

from datetime import datetime

import strawberry

from api.graphql.connection_types import check_first, decode_cursor, encode_cursor, page_info
from api.graphql.context import Info, local
from api.graphql.declare import resolver
from api.graphql.referral_types import (
    CircleFilter,
    CircleOrder,
    ReferralCircle,
    ReferralCircleConnection,
    ReferralCircleEdge,
)
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.services import circle_lists
from graph_model.services.referrals import Circles


@strawberry.type
class ReferralQuery:
    @resolver(
        "推荐圈, up to 100 at a time. A page after a cursor is of the moment that the cursor came from: a walk sees every circle once. "
        "Errors: cursor.invalid, circles.counting."
    )
    def referral_circles(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        order: CircleOrder = CircleOrder.SIZE,
        filter: CircleFilter | None = None,
        as_of: datetime | None = None,
    ) -> ReferralCircleConnection:
        context, by = info.context, circle_lists.CircleOrder(order.value)
        least = circle_lists.CircleFilter() if filter is None else filter.least()
        kind = f"circles:{order.value}:{least.size}:{least.depth}:{least.applied}"
        place, moment = None, local(as_of)
        if after is not None:
            then, value, circle_id = decode_cursor(kind, after, int, int, str)
            assert isinstance(then, int) and isinstance(value, int)
            place = (value, str(circle_id))
            moment = _moment(then)
        circles = _circles(info, moment)
        page = circle_lists.circle_page(
            circles,
            context.principal,
            context.runtime.gate.policy,
            first=check_first(first),
            after=place,
            order=by,
            least=least,
        )
        then = to_ms(circles.people.as_of)
        cursors = [encode_cursor(kind, then, *circle_lists.place_of(circle, by)) for circle in page.circles]
        return ReferralCircleConnection(
            edges=[
                ReferralCircleEdge(cursor=cursor, node=ReferralCircle.of(circles, circle))
                for cursor, circle in zip(cursors, page.circles, strict=True)
            ],
            page_info=page_info(cursors, has_next=page.has_next, has_previous=page.has_previous),
            total_count=page.total,
        )

    @resolver(
        "One circle; null when there is none of that id, or it is too small for the role. Errors: circles.counting."
    )
    def referral_circle(self, info: Info, id: strawberry.ID, as_of: datetime | None = None) -> ReferralCircle | None:
        circles = _circles(info, local(as_of))
        found = circle_lists.one_circle(circles, info.context.principal, info.context.runtime.gate.policy, id)
        return None if found is None else ReferralCircle.of(circles, found)


def _circles(info: Info, moment: datetime | None) -> Circles:
    book = info.context.runtime.referrals
    return book.now(info.context.now) if moment is None or moment > info.context.now else book.at(moment)


def _moment(milliseconds: int) -> datetime:
    try:
        return from_ms(milliseconds)
    except OverflowError as exc:
        raise InvalidRequest("after is no cursor of this list.", code="cursor.invalid") from exc
