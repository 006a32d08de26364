"""How hard a portfolio is: what single columns, degrees, tabular trees, components and communities make of it. Reads the written files only."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import graspologic_native
import lightgbm
import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import KFold

from graph_model.schema.text import fold_key

HUB = 50  # identifiers of more customers are cut before communities are sought
TEST_FROM = "2026-05-01"  # the last six months
TREES = {
    "n_estimators": 120,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 30,
    "verbose": -1,
    "n_jobs": 1,
    "seed": 5,
}
CATEGORIES = (
    "product",
    "channel",
    "education",
    "marital_status",
    "mobile_carrier",
    "sex",
    "province",
    "home_province",
    "source",
)
NUMBERS = (
    "age",
    "amount",
    "term_months",
    "hour",
    "weekday",
    "has_email",
    "has_employer",
    "has_account",
    "has_social",
    "days_since_registered",
)
NUMBERS += ("earlier_applications", "has_delivery", "expiry_year", "mobile_prefix", "records")


@dataclass(frozen=True, eq=False)  # by identity, so that what is derived can be kept
class Files:
    customers: pl.DataFrame
    applications: pl.DataFrame
    relations: pl.DataFrame
    labels: pl.DataFrame
    statuses: pl.DataFrame
    consents: pl.DataFrame
    contacts: pl.DataFrame
    true_customers: pl.DataFrame
    true_applications: pl.DataFrame
    true_rings: pl.DataFrame


def read(folder: Path) -> Files:
    def table(name: str) -> pl.DataFrame:
        return pl.read_csv(folder / f"{name}.csv", infer_schema=False)

    names = ("customers", "applications", "relations", "labels", "statuses", "consents", "contacts")
    return Files(*(table(name) for name in (*names, "truth/customers", "truth/applications", "truth/rings")))


@cache
def uses(files: Files) -> pl.DataFrame:
    """Customer uses identifier: `customer`, `type`, `value`, each pair once. Contacts' phones are a type of their own."""
    parts = [
        files.customers.select(customer="id_number", type=pl.lit(kind), value=column)
        for kind, column in (("phone", "phone"), ("address", "home_address"), ("address", "work_address"), ("employer", "employer"),
                             ("account", "bank_account"), ("email", "email"), ("social", "social_account"))
    ] + [
        files.applications.select(customer="id_number", type=pl.lit(kind), value=column)
        for kind, column in (("phone", "phone"), ("device", "device_id"), ("ip", "ip"), ("address", "delivery_address"),
                             ("account", "payout_account"))
    ]  # fmt: skip
    # Who refers or vouches stands for what those at the other ends have in common.
    for name in ("REFERRED", "GUARANTEES"):
        ties = files.relations.filter(pl.col("relation") == name)
        parts += [ties.select(customer=side, type=pl.lit(name), value="id_number") for side in ("id_number", "target")]
    contacts = files.relations.filter(pl.col("relation") == "EMERGENCY_CONTACT")
    parts.append(contacts.select(customer="id_number", type=pl.lit("contact"), value="target"))
    table = pl.concat(parts).drop_nulls()
    written = table.filter(pl.col("type").is_in(("address", "employer")))["value"].unique()
    folded = {text: fold_key(text) for text in written}
    return table.with_columns(pl.col("value").replace(folded)).unique(maintain_order=True)


def shared(table: pl.DataFrame, most: int | None = None) -> pl.DataFrame:
    """The rows of `uses` whose identifier has two or more customers (and at most `most`), with its `degree`. A contact's phone is a phone."""
    table = table.with_columns(pl.col("type").replace("contact", "phone")).unique(maintain_order=True)
    table = table.with_columns(degree=pl.len().over("type", "value")).filter(pl.col("degree") >= 2)
    return table if most is None else table.filter(pl.col("degree") <= most)


def facts(files: Files) -> pl.DataFrame:
    """One row per application: tabular columns, `fraud`, and what labels were known."""
    moment = pl.col("applied_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
    registered = pl.col("registered_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
    records = files.customers.group_by("id_number").len("records")
    first_records = files.customers.unique("id_number", keep="first", maintain_order=True).join(records, on="id_number")
    table = (
        files.applications.join(first_records, on="id_number", suffix="_of_customer")
        .join(
            files.true_applications.select("application_id", pl.col("is_fraud").cast(pl.Int8).alias("fraud")),
            on="application_id",
        )
        .with_columns(at=moment)
        .sort("at")
    )
    return table.with_columns(
        age=2026 - pl.col("id_number").str.slice(6, 4).cast(pl.Int32),
        sex=pl.col("id_number").str.slice(16, 1).cast(pl.Int32) % 2,
        province=pl.col("id_number").str.slice(0, 2),
        home_province=pl.col("home_address").str.slice(0, 3),
        mobile_prefix=pl.col("phone_of_customer").str.slice(3, 3).cast(pl.Int32),
        amount=pl.col("amount").cast(pl.Float64),
        term_months=pl.col("term_months").cast(pl.Int32),
        hour=(pl.col("applied_at").str.slice(11, 2)).cast(pl.Int32),
        weekday=pl.col("at").dt.weekday(),
        has_email=pl.col("email").is_not_null().cast(pl.Int8),
        has_employer=pl.col("employer").is_not_null().cast(pl.Int8),
        has_account=pl.col("bank_account").is_not_null().cast(pl.Int8),
        has_social=pl.col("social_account").is_not_null().cast(pl.Int8),
        has_delivery=pl.col("delivery_address").is_not_null().cast(pl.Int8),
        days_since_registered=(pl.col("at") - registered).dt.total_days(),
        earlier_applications=pl.int_range(pl.len()).over("id_number"),
        expiry_year=pl.col("id_expiry_date").replace("long-term", "9999-12-31").str.slice(0, 4).cast(pl.Int32),
    )


def strength(fraud: np.ndarray, value: np.ndarray) -> float:
    """AUC in whichever direction separates better."""
    auc = float(roc_auc_score(fraud, value))
    return max(auc, 1 - auc)


def column_strengths(table: pl.DataFrame) -> dict[str, float]:
    """Each column alone; text is coded by its out-of-fold fraud rate."""
    fraud = table["fraud"].to_numpy()
    found = {name: strength(fraud, table[name].cast(pl.Float64).to_numpy()) for name in NUMBERS}
    for name in (*CATEGORIES, "hour", "outcome"):
        found[f"{name} coded"] = strength(fraud, _coded(table[name].cast(pl.String).fill_null("").to_numpy(), fraud))
    return found


def _coded(values: np.ndarray, fraud: np.ndarray) -> np.ndarray:
    coded = np.zeros(len(values))
    _, codes = np.unique(values, return_inverse=True)
    for train, test in KFold(5, shuffle=True, random_state=3).split(values):
        rows, bad = (
            np.bincount(codes[train], minlength=codes.max() + 1),
            np.bincount(codes[train], fraud[train], codes.max() + 1),
        )
        coded[test] = ((bad + 20 * fraud.mean()) / (rows + 20))[codes[test]]
    return coded


def degrees(files: Files) -> pl.DataFrame:
    """One row per customer: how many of each thing they have, and how many customers their things have (most, mean)."""
    used = uses(files)
    table = files.true_customers.select(customer="id_number", fraud=pl.col("is_fraud").cast(pl.Int8))
    own = used.group_by("customer", "type").len().pivot("type", index="customer", values="len")
    table = table.join(own, on="customer", how="left")
    of_value = used.with_columns(degree=pl.len().over("type", "value"))
    others = of_value.group_by("customer", "type").agg(most=pl.col("degree").max(), mean=pl.col("degree").mean())
    table = table.join(others.pivot("type", index="customer", values=["most", "mean"]), on="customer", how="left")
    persons = files.relations.filter(pl.col("relation") != "EMERGENCY_CONTACT")
    for side in ("id_number", "target"):
        counted = (
            persons.group_by(customer=side, relation="relation").len().pivot("relation", index="customer", values="len")
        )
        table = table.join(counted.rename({c: f"{c} {side}" for c in counted.columns[1:]}), on="customer", how="left")
    named = files.customers.select(customer="id_number", phone="phone").join(
        files.relations.filter(pl.col("relation") == "EMERGENCY_CONTACT")
        .group_by(phone="target")
        .len("named_as_contact"),
        on="phone",
        how="left",
    )
    table = table.join(named.select("customer", "named_as_contact"), on="customer", how="left")
    applications = files.applications.group_by(customer="id_number").len("applications")
    return table.join(applications, on="customer", how="left").fill_null(0)


def degree_strengths(files: Files) -> dict[str, float]:
    table = degrees(files)
    fraud = table["fraud"].to_numpy()
    return {
        name: strength(fraud, table[name].cast(pl.Float64).to_numpy())
        for name in table.columns
        if name not in ("customer", "fraud")
    }


def average_precision(table: pl.DataFrame, columns: list[str]) -> tuple[float, float]:
    """AP on the last six months of trees trained on what was labelled before them, and the base rate there."""
    test = (table["applied_at"] >= TEST_FROM).to_numpy()
    known = table["fraud_known"].to_numpy() | table["good_known"].to_numpy()
    train = ~test & known
    values = table.select(columns).to_numpy().astype(np.float64)
    model = lightgbm.LGBMClassifier(**TREES).fit(values[train], table["fraud_known"].to_numpy()[train])
    truth = table["fraud"].to_numpy()[test]
    return float(average_precision_score(truth, model.predict_proba(values[test])[:, 1])), float(truth.mean())


def with_labels(files: Files, table: pl.DataFrame, as_of: str = TEST_FROM) -> pl.DataFrame:
    """Adds `fraud_known` and `good_known`: what an honest trainer knew on that day; refused and never labelled count as good."""
    known = files.labels.filter(pl.col("known_at") < as_of)
    bad = known.filter(pl.col("label") == "confirmed_fraud")["application_id"].unique()
    is_bad = pl.col("application_id").is_in(bad.implode())
    return table.with_columns(fraud_known=is_bad, good_known=~is_bad & (pl.col("applied_at") < "2026-03-01"))


def coded_categories(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(
        pl.col(name).cast(pl.String).fill_null("").rank("dense").cast(pl.Int32).alias(f"{name}_code")
        for name in CATEGORIES
    )


TABULAR = [*NUMBERS, *(f"{name}_code" for name in CATEGORIES)]


def honest_pairs(files: Files, kinds: tuple[str, ...], most: int | None = None) -> float:
    """The share of pairs sharing an identifier of these kinds in which both are honest."""
    fraud = dict(zip(files.true_customers["id_number"], files.true_customers["is_fraud"] == "1", strict=True))
    table = shared(uses(files), most).filter(pl.col("type").is_in(kinds))
    table = table.with_columns(bad=pl.col("customer").replace_strict(fraud, return_dtype=pl.Boolean))
    groups = table.group_by("type", "value").agg(
        n=pl.len().cast(pl.Float64), good=(~pl.col("bad")).sum().cast(pl.Float64)
    )
    pairs = groups.select(
        all=(pl.col("n") * (pl.col("n") - 1) / 2).sum(), good=(pl.col("good") * (pl.col("good") - 1) / 2).sum()
    )
    return float(pairs["good"][0] / pairs["all"][0])


def ring_members(files: Files, smallest: int = 3) -> dict[str, set[str]]:
    rings = files.true_customers.filter(pl.col("ring_id").is_not_null()).group_by("ring_id").agg("id_number")
    found = {ring: set(members) for ring, members in rings.iter_rows()}
    return {ring: members for ring, members in found.items() if len(members) >= smallest}


def recall(rings: dict[str, set[str]], group_of: dict[str, int]) -> dict[str, float]:
    """For each ring the best Jaccard index with any group."""
    sizes: dict[int, int] = {}
    for group in group_of.values():
        sizes[group] = sizes.get(group, 0) + 1
    best = {}
    for ring, members in rings.items():
        hits: dict[int, int] = {}
        for member in members:
            if member in group_of:
                hits[group_of[member]] = hits.get(group_of[member], 0) + 1
        best[ring] = max((n / (len(members) + sizes[g] - n) for g, n in hits.items()), default=0.0)
    return best


def components(files: Files, most: int | None = None) -> dict[str, int]:
    table = shared(uses(files), most)
    people = table["customer"].unique(maintain_order=True)
    values = table.select(pl.struct("type", "value").rank("dense") - 1).to_series().to_numpy()
    number = {customer: i for i, customer in enumerate(people)}
    rows = table["customer"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    size = len(people) + int(values.max()) + 1
    graph = coo_array((np.ones(len(rows)), (rows, values + len(people))), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    return {customer: int(group[i]) for customer, i in number.items()}


@cache
def ties(files: Files) -> pl.DataFrame:
    """Pairs of customers who share identifiers below the hub cap: `weight` 1 / (degree - 1) summed, `kinds` of what they share, `family`."""
    table = shared(uses(files), HUB).select("type", "value", "customer", "degree")
    pairs = table.join(table, on=["type", "value"], suffix="_other").filter(
        pl.col("customer") < pl.col("customer_other")
    )
    return pairs.group_by("customer", "customer_other", maintain_order=True).agg(
        weight=(1 / (pl.col("degree") - 1)).sum(),
        kinds=pl.col("type").n_unique(),
        close=pl.col("type").is_in(("address", "employer")).any(),
    )


def communities(files: Files, gamma: float) -> dict[str, int]:
    """CPM communities on the hub-damped projection."""
    edges = ties(files).select("customer", "customer_other", "weight").rows()
    _, group_of = graspologic_native.leiden(edges, resolution=gamma, use_modularity=False, seed=1, iterations=2)
    return dict(group_of)


def with_sharing(files: Files, table: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Adds what a customer's ties look like, without any label: how many, how strong, how mixed, and how near in time the tied applied."""
    first = table.group_by("id_number").agg(first=pl.col("at").min())
    pairs = ties(files)
    both = pl.concat(
        [pairs, pairs.rename({"customer": "customer_other", "customer_other": "customer"}).select(pairs.columns)]
    )
    both = both.join(first, left_on="customer", right_on="id_number").join(
        first, left_on="customer_other", right_on="id_number", suffix="_other"
    )
    both = both.with_columns(days=(pl.col("first") - pl.col("first_other")).dt.total_days().abs())
    strangers = ~pl.col("close")
    per_customer = both.group_by("customer").agg(
        ties=pl.len(),
        tie_weight=pl.col("weight").sum(),
        strangers=strangers.sum(),
        stranger_weight=pl.col("weight").filter(strangers).sum(),
        strangers_by_two=(strangers & (pl.col("kinds") >= 2)).sum(),
        by_two=(pl.col("kinds") >= 2).sum(),
        strangers_soon=(strangers & (pl.col("days") <= 60)).sum(),
        soon_weight=pl.col("weight").filter(pl.col("days") <= 60).sum(),
    )
    names = per_customer.columns[1:]
    return table.join(per_customer, left_on="id_number", right_on="customer", how="left").with_columns(
        pl.col(names).fill_null(0)
    ), names
