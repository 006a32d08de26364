"""Properties of relationships: one cell of JSON text per edge, since few edges have any and no filter reads them. Pure."""

from collections.abc import Mapping

import orjson

from graph_model.errors import UnknownName
from graph_model.schema import SCHEMA, Value
from graph_model.stores.sqlite.values import decoder, encoder

_ENCODERS = {r.name: {p.name: encoder(p.name, p.type.storage) for p in r.properties} for r in SCHEMA.relationships}
_DECODERS = {r.name: {p.name: decoder(p) for p in r.properties} for r in SCHEMA.relationships}


def encode_properties(type: str, properties: Mapping[str, Value]) -> str | None:
    """None where there are none. Raises UnknownName for one that is not declared, InvalidRequest for a value of another kind."""
    if len(properties) == 0:
        return None
    encoders = _ENCODERS[type]
    for name in properties:
        if name not in encoders:
            raise UnknownName(f"{type} has no property {name}.")
    cells = {name: encoders[name](value) for name, value in properties.items()}
    return orjson.dumps(cells, option=orjson.OPT_SORT_KEYS).decode()


def decode_properties(type: str, text: str) -> dict[str, Value]:
    decoders = _DECODERS[type]
    return {
        name: cell if (decode := decoders[name]) is None else decode(cell) for name, cell in orjson.loads(text).items()
    }
