"""Converters of `filter` about the data points of a metric: whether any has an attribute."""

from ..frame import Frame
from ..values import Value
from .registry import converter


@converter("HasAttrKeyOnDatapoint", contexts=["metric"])
def has_attr_key_on_datapoint(frame: Frame, key: str) -> bool:
    """Has any data point of the metric this attribute?"""
    return any(key in point.tree("attributes") for point in frame.metric.children)


@converter("HasAttrOnDatapoint", contexts=["metric"])
def has_attr_on_datapoint(frame: Frame, key: str, value: str) -> bool:
    """Has any data point of the metric this attribute with this text?"""
    return any(_is(point.tree("attributes").get(key), value) for point in frame.metric.children)


def _is(found: Value, value: str) -> bool:
    return isinstance(found, str) and found == value
