"""Layout: the columns that the walk fills, by name. The kernel counts on these orders; `walk.py` names the positions it writes to."""

from gnn.arrays.channels import CHANNELS

# Of the customer's own identifiers of one channel, together: the other customers on them; of these (of a hub's, the latest up to the cap) those
# with confirmed fraud or a refusal known, and those who came within 7 and 30 days; days since the latest came (NaN: nobody else); and
# how many such identifiers the customer has. Persons are counted once.
CHANNEL_MEASURES = ("others", "fraud", "refused", "recent_7d", "recent_30d", "gap_days", "own")

# Of the distinct customers who share an identifier below the hub cap. Shares are weighted by strength, the sum of 1 / (degree - 1).
NEIGHBOUR_MEASURES = (
    "near",
    "near_strength",
    "near_strongest",
    "near_several",  # share two identifiers or more
    "near_most_shared",
    "near_kinds",  # channels by which any is tied
    "near_fraud",
    "near_fraud_share",
    "near_refused",
    "near_refused_share",
    "near_default",
    "near_good",
    "near_applied_1d",
    "near_applied_7d",
    "near_applied_30d",
    "near_applied_90d",
    "near_amount_gap",  # of log amounts: own minus their mean, absolute
    "near_amount_spread",
    "near_same_product",
    "near_same_channel",
    "near_tenure_days",
    "near_age_gap",
    "strangers",  # share something, but nothing of everyday life
    "strangers_strength",
    "strangers_fraud",
    "strangers_refused",
    "strangers_applied_30d",
    "changed",  # channels in which this application came with something new, though the customer had something before
)

# Of the distinct customers who are tied to those, and not to the customer.
FAR_MEASURES = (
    "far",
    "far_fraud",
    "far_fraud_share",
    "far_refused",
    "far_refused_share",
    "far_applied_30d",
    "near_closure",
)

# Of the ring that the neighbours pull towards most, as it was at the last snapshot; the customer's own part taken out.
RING_MEASURES = (
    "ring_size",
    "ring_density",
    "ring_fraud",
    "ring_fraud_share",
    "ring_refused_share",
    "ring_new_share",
    "ring_pull",
)

CHANNEL_COLUMNS = tuple(f"{c.name}_{measure}" for c in CHANNELS for measure in CHANNEL_MEASURES)
WALK_COLUMNS = (*CHANNEL_COLUMNS, *NEIGHBOUR_MEASURES, *FAR_MEASURES, *RING_MEASURES)
