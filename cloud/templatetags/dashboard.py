"""What templates of the dashboard say often: `{% load dashboard %}`."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cloud.dashboard import shown
from cloud.dashboard.access import Visit
from cloud.dashboard.api_call import ApiCall
from cloud.dashboard.navigation import Entry

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/icons.svg, hidden from screen readers: the words beside it say what it is."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
def here(entry: Entry, visit: Visit) -> str:
    """What `aria-current` says of an entry on this page: page, true on a page below it, or nothing."""
    if visit.page == entry.page:
        return "page"
    return "true" if entry.is_current(visit.page) else ""


@register.simple_tag
def moment(when: datetime | None, otherwise: str = "never") -> SafeString | str:
    """A time as people say it, relative; the exact one on hover and for programs."""
    if when is None:
        return otherwise
    exact = when.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        exact.isoformat(),
        exact.strftime("%Y-%m-%d %H:%M:%S"),
        shown.ago(when, now=datetime.now(UTC)) if when <= datetime.now(UTC) else shown.until(when),
    )


@register.filter
def in_bytes(bytes_count: int) -> str:
    """A number of bytes in a unit that people read."""
    return shown.in_bytes(bytes_count)


@register.filter
def in_seconds(seconds: float | None) -> str:
    """A length of time in a unit that people read; a dash for none."""
    return "–" if seconds is None else shown.in_seconds(seconds)


@register.filter
def number(value: float | None) -> str:
    """A number with its thousands apart; a dash for none."""
    return "–" if value is None else f"{value:,}"


@register.inclusion_tag("dashboard/_api.html", takes_context=True)
def api(context: template.Context, call: ApiCall, label: str = "API") -> dict[str, object]:
    """The same action over the API, as a command line that can be copied."""
    request: HttpRequest = context["request"]
    return {"line": call.curl(f"{request.scheme}://{request.get_host()}"), "label": label}


@register.simple_tag(takes_context=True)
def keeping(context: template.Context, **changes: object) -> str:
    """The query string of this page with some parameters changed; None takes one out. Begins with `?`."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
