"""Fields of nested dictionaries and lists by their path."""

import copy


def with_field(original, path, value):
    """A copy in which the field at `path`, "spec/containers/0/name", is `value`; with None it is gone."""
    changed = copy.deepcopy(original)
    holder = changed
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        holder = holder[step] if isinstance(holder, list) else holder.setdefault(step, {})
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return changed
