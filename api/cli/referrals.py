"""`guanxi referrals`: circles of who brought whom, as a list and one by one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from api.cli.scoring import AsOfOption, moment_of
from api.cli.terminal import HomeOption, StoreOption, columns, out, progress_bar, settings_from
from api.gate import gate_of
from graph_model.principal import Principal, Role
from graph_model.services import circle_lists
from graph_model.services.circle_lists import CircleFilter, CircleOrder, KeyOrder
from graph_model.services.gate_policy import Gate
from graph_model.services.masking import caption
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Referral circles (推荐圈): who brought whom.", no_args_is_help=True)

OPERATOR = Principal("command line", Role.SUPERVISOR)


@app.command("list")
def list_circles(
    order: Annotated[
        CircleOrder, typer.Option(help="What they are ordered by, the greatest first.")
    ] = CircleOrder.SIZE,
    least_people: Annotated[int, typer.Option(min=0, help="Only circles of so many people and more.")] = 0,
    least_steps: Annotated[int, typer.Option(min=0, help="Only circles of so many steps and more.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many of them.")] = 20,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """The circles, and what became of those who were brought in."""
    with _counted(as_of, home=home, store=store) as (_, gate, circles):
        least = CircleFilter(size=least_people, depth=least_steps)
        page = circle_lists.circle_page(circles, OPERATOR, gate.policy, first=limit, order=order, least=least)
    table = columns("id", "people", "steps", "brought in", "applied", "approved", "drew", whole=("id",))
    for each in page.circles:
        numbers = (each.size, each.depth, each.brought, each.applied, each.approved, each.drawn)
        table.add_row(each.id, *(f"{number:,}" for number in numbers))
    out.print(table)
    out.print(f"{page.total:,} circles as of {circles.people.as_of:%Y-%m-%d %H:%M} UTC.")


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="A circle's id, from the list.")],
    by: Annotated[KeyOrder, typer.Option(help="How key members are ranked.")] = KeyOrder.REACH,
    limit: Annotated[int, typer.Option(min=1, max=100, help="So many key members.")] = 10,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """One circle: its levels, the quality of those brought in, signs of abuse, and who brought most."""
    with _counted(as_of, home=home, store=store) as (opened, gate, circles):
        circle = circle_lists.required(circle_lists.one_circle(circles, OPERATOR, gate.policy, id))
        quality = circle_lists.quality(opened, circles, OPERATOR, circle)
        levels = circle_lists.levels(circles, OPERATOR, circle)
        key = circle_lists.key_members(opened, circles, OPERATOR, circle, by=by, first=limit)
    facts = columns("what", "how many")
    for name, number in (
        ("people", circle.size),
        ("brought in", circle.brought),
        ("applied", circle.applied),
        ("approved", circle.approved),
        ("drew", circle.drawn),
        *((f"brought in, of grade {grade}", number) for grade, number in quality.grades.items()),
        ("brought in, confirmed fraud", quality.confirmed_fraud),
        ("referrals that go round", quality.circular_referrals),
        ("referrals of who uses the referrer's phone, device or account", quality.self_referrals),
    ):
        facts.add_row(name, f"{number:,}")
    out.print(facts)
    steps = columns("step", "people", "applied", "approved", "drew")
    for level in levels:
        told = (level.people, level.applied, level.approved, level.drawn)
        steps.add_row(str(level.depth), *(f"{number:,}" for number in told))
    out.print(steps)
    people = columns("id", "caption", "step", "brought", "reach", "influence", whole=("id",))
    for member in key:
        numbers = (f"{member.depth}", f"{member.direct:,}", f"{member.reach:,}", f"{member.influence:.5f}")
        people.add_row(member.node.node_id, caption(member.node, OPERATOR), *numbers)
    out.print(people)


@contextmanager
def _counted(as_of: str | None, **where: object) -> Iterator[tuple[GraphStore, Gate, Circles]]:
    settings = settings_from(**where)
    moment = moment_of(as_of, utc_now())
    with closing(open_store(settings.store_address, read_only=True)) as opened:
        gate = gate_of(settings)
        with progress_bar() as on_progress:
            circles = circles_of(opened, gate.secret, as_of=moment, on_progress=on_progress)
        yield opened, gate, circles
