"""Making a database ready: checks, roles, migrations, cells, grants. Runs as the owner, may run again.

owner      migrates; owns the control plane's tables and the cells
web        serves requests; owns nothing
worker     compacts; owns nothing, and acts as `segments` only to make and drop segment tables
segments   owns the segment tables; nobody logs in as it
operator   reads the control plane of every tenant, for the operators' console; owns nothing, sees no records
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from tenants.databases import cell_name
from tenants.errors import ServiceError, Unavailable
from vectors.cells import schema
from vectors.query.plan import ROLE_DEFAULTS

MIN_SERVER_VERSION = 160_000
MIN_VECTOR_VERSION = (0, 8, 6)
_WEB_FUNCTIONS = (
    "tenants_identify(bytea[])",
    "tenants_memberships(uuid)",
    "tenants_resolve(text)",
    "tenants_everyone()",
    "tenants_identify_account(bytea[])",
    "tenants_invited(bytea)",
    "tenants_account_key_used(uuid, bytea, bytea, text)",
    "tenants_redigest(uuid,bytea,bytea,text)",
    "tenants_note_uses(uuid[],timestamptz[],inet[],text[],text)",
    "tenants_flags()",
    "tenants_quota_requests(text, uuid, int)",
    "tenants_note_peaks(uuid[], text[], bigint[], date)",
    "tenants_impersonable(uuid)",
    "tenants_note_requests(uuid, jsonb, jsonb, jsonb)",
)
_WORKER_FUNCTIONS = (
    "vectors_due_for_purge(int)",
    "vectors_forget_collections(uuid[])",
    "vectors_forget_databases()",
    "vectors_mark_scrub(text[])",
    "vectors_scrub_due(int)",
    "vectors_scrub_relation(text)",
    "tenants_note_peaks(uuid[], text[], bigint[], date)",
    "tenants_count_databases()",
    "tenants_forget_peaks(date)",
    "tenants_unbilled(date)",
    "tenants_budgeted(date)",
    "tenants_alerted()",
    "tenants_stripe_customers()",
    "tenants_roll_up_requests(timestamptz)",
    "tenants_forget_requests(timestamptz, int)",
    "tenants_flags()",
)
# What the operators' console reads of every tenant, and the columns of it that it never sees.
_OPERATOR_TABLES = {
    "tenants_plan": (),
    "tenants_tenant": (),
    "tenants_database": (),
    "tenants_member": (),
    "tenants_user": ("password",),
    "tenants_serviceaccount": (),
    "tenants_auditentry": (),
    "tenants_quotarequest": (),
    "tenants_usagepeak": (),
    "tenants_flag": (),
    "tenants_flagoverride": (),
    "tenants_cellplacement": (),
    "vectors_collection": ("metadata_json", "configuration_json", "schema_json"),
}

# What the worker does on the control plane, bound to one tenant at a time: bill it, tell who pays, and find
# the collections that it imports and exports.
_WORKER_TABLES = {
    "SELECT": "tenants_tenant tenants_plan tenants_member tenants_planrevision tenants_planassignment "
    "tenants_credit tenants_billingalert tenants_database vectors_collection",
    "SELECT, INSERT": "tenants_auditentry tenants_credituse",
    "SELECT, INSERT, UPDATE": "tenants_audithead tenants_billingprofile tenants_invoice "
    "tenants_invoicecounter tenants_alertnotice tenants_budget tenants_stripewatermark",
    "SELECT, INSERT, UPDATE, DELETE": "tenants_budgetlease",
    "SELECT (user_id, email, is_active)": "tenants_user",
    "SELECT (expire_date), DELETE": "django_session",
}


class NotReady(ServiceError):
    """The database cannot serve Tessera yet."""


def prepare(report: Callable[[str], None]) -> None:
    """Bring the database from empty, or from an older release, to ready.

    Raises:  NotReady with what to do
    """
    raw = _connect()
    report("checking PostgreSQL")
    check_server(raw)
    if not _filters_use_indexes(raw):
        report("  filters will scan their segments: run deploy/postgres/init.sql as a superuser")
    if not _samples_can_be_erased(raw):
        report("  samples of purged data will stay: run deploy/postgres/init.sql as a superuser")
    report("roles")
    with transaction.atomic():
        _make_roles(raw)
    report("migrations")
    call_command("migrate", interactive=False, verbosity=0)
    report("cells")
    for number in range(settings.CELL_COUNT):
        with transaction.atomic():
            cursor = psycopg.Cursor(raw)
            schema.create(
                cursor,
                cell_name(number),
                role_prefix=settings.ROLE_PREFIX,
                owner=raw.info.user,
            )
    with transaction.atomic():
        _grant_control_plane(raw)


def _connect() -> psycopg.Connection[Any]:
    try:
        connection.ensure_connection()
    except Exception as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error
    raw: psycopg.Connection[Any] = connection.connection
    return raw


def check_server(raw: psycopg.Connection[Any]) -> None:
    """Refuse a server that would lose or mistake data, or lack what we build on.

    Raises:  NotReady
    """
    if raw.info.server_version < MIN_SERVER_VERSION:
        raise NotReady(f"PostgreSQL 16 or newer is needed, this is {raw.info.server_version // 10_000}.")
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotReady(
            f"The database's encoding must be UTF8, it is {encoding}. Create it with ENCODING 'UTF8'."
        )
    for extension in ("vector", "pg_trgm"):
        try:
            raw.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        except psycopg.Error as error:
            raise NotReady(
                f"The extension {extension} is missing and could not be created "
                f"({error.diag.message_primary}). "
                "Run deploy/postgres/init.sql in this database as a superuser.",
            ) from error
    row = raw.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = tuple(int(part) for part in str(row[0] if row else "0").split("."))
    if version < MIN_VECTOR_VERSION:
        raise NotReady(
            f"pgvector {'.'.join(map(str, MIN_VECTOR_VERSION))} or newer is needed, this is "
            f"{'.'.join(map(str, version))}. Upgrade it, then run ALTER EXTENSION vector UPDATE.",
        )


def _filters_use_indexes(raw: psycopg.Connection[Any]) -> bool:
    """Whether the superuser's part was run; without it row-level security keeps filters from indexes."""
    function = "pg_catalog.jsonb_contains(jsonb, jsonb)"
    row = raw.execute("SELECT proleakproof FROM pg_proc WHERE oid = %s::regprocedure", [function]).fetchone()
    return bool(row and row[0])


def _samples_can_be_erased(raw: psycopg.Connection[Any]) -> bool:
    """Whether the superuser's part was run since it also erases."""
    row = raw.execute("SELECT to_regprocedure('public.tessera_rewrite_samples()') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _make_roles(raw: psycopg.Connection[Any]) -> None:
    prefix = settings.ROLE_PREFIX
    existing = {name for (name,) in raw.execute("SELECT rolname FROM pg_roles").fetchall()}
    for role in ("web", "worker", "segments", "operator"):
        name = f"{prefix}_{role}"
        if name not in existing:
            raw.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
        if role != "segments":
            # The verifier and not the password travels, so that no statement log can hold it.
            verifier = raw.pgconn.encrypt_password(
                settings.ROLE_PASSWORDS[role].encode(),
                name.encode(),
                b"scram-sha-256",
            ).decode()
            raw.execute(
                sql.SQL("ALTER ROLE {} WITH LOGIN PASSWORD {}").format(
                    sql.Identifier(name),
                    sql.Literal(verifier),
                ),
            )
    segments, worker, web = (sql.Identifier(f"{prefix}_{role}") for role in ("segments", "worker", "web"))
    raw.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(segments, worker))
    _set_defaults(raw, web)
    operator = sql.Identifier(f"{prefix}_operator")
    raw.execute(sql.SQL("ALTER ROLE {} SET statement_timeout = '30s'").format(operator))


def _set_defaults(raw: psycopg.Connection[Any], web: sql.Identifier) -> None:
    raw.execute("SELECT '[1]'::vector")  # loads pgvector, whose settings are unknown before
    defaults = {"statement_timeout": f"{settings.STATEMENT_TIMEOUT_SECONDS}s", **ROLE_DEFAULTS}
    for name, value in defaults.items():
        setting = sql.SQL(".").join(map(sql.Identifier, name.split(".")))
        raw.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(web, setting, sql.Literal(value)))


def _grant_control_plane(raw: psycopg.Connection[Any]) -> None:
    web = sql.Identifier(f"{settings.ROLE_PREFIX}_web")
    tables = sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}")
    raw.execute(tables.format(web))
    raw.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(web))
    raw.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(web))
    raw.execute(sql.SQL("REVOKE UPDATE, DELETE ON tenants_auditentry FROM {}").format(web))
    # Triggers write the history of plans, and workers issue invoices: no request does.
    raw.execute(
        sql.SQL(
            "REVOKE INSERT ON tenants_planrevision, tenants_planassignment, tenants_invoice, "
            "tenants_credituse FROM {}"
        ).format(web)
    )
    # Functions of the owner write these.
    for table in (
        "invoicecounter",
        "requestmetric",
        "collectionrequestmetric",
        "requesttotal",
        "metricclock",
    ):
        raw.execute(sql.SQL(f"REVOKE INSERT, UPDATE, DELETE ON tenants_{table} FROM {{}}").format(web))
    raw.execute(sql.SQL("REVOKE ALL ON tenants_metricflush FROM {}").format(web))
    _grant_billing(raw)
    for function in _WEB_FUNCTIONS:
        raw.execute(sql.SQL(f"GRANT EXECUTE ON FUNCTION public.{function} TO {{}}").format(web))
    worker = sql.Identifier(f"{settings.ROLE_PREFIX}_worker")
    for function in _WORKER_FUNCTIONS:
        raw.execute(sql.SQL(f"GRANT EXECUTE ON FUNCTION public.{function} TO {{}}").format(worker))
    for table, hidden in _OPERATOR_TABLES.items():
        _show_to_operator(raw, table, hidden)


def _show_to_operator(raw: psycopg.Connection[Any], table: str, hidden: tuple[str, ...]) -> None:
    """Let the operator's role read every row of a table, but for its hidden columns."""
    operator = sql.Identifier(f"{settings.ROLE_PREFIX}_operator")
    found = raw.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [f"public.{table}"],
    ).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in found if name not in hidden)
    place = sql.Identifier("public", table)
    raw.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(place, operator))
    raw.execute(sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(columns, place, operator))
    raw.execute(sql.SQL("DROP POLICY IF EXISTS oversight ON {}").format(place))
    raw.execute(
        sql.SQL("CREATE POLICY oversight ON {} FOR SELECT TO {} USING (true)").format(place, operator)
    )


def _grant_billing(raw: psycopg.Connection[Any]) -> None:
    worker = sql.Identifier(f"{settings.ROLE_PREFIX}_worker")
    for rights, tables in _WORKER_TABLES.items():
        for table in tables.split():
            raw.execute(sql.SQL(f"GRANT {rights} ON {table} TO {{}}").format(worker))
    raw.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(worker))
