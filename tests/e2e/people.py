"""People of a tenant on the running service, who sign in through the page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
import psycopg
from chromadb.api import ClientAPI
from chromadb.config import Settings
from playwright.sync_api import Page, expect

from cloud.processes import Service
from tenants.billing import months

PASSWORD = "correct horse battery staple"


@dataclass
class Place:
    """A tenant with a database and a person in each role that a test asks for."""

    service: Service
    tenant: str
    database: str
    emails: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, service: Service, *, database: str = "library") -> Place:
        """A fresh tenant with one database."""
        tenant = f"dashboard-{uuid.uuid4().hex[:8]}"
        service.manage("create_tenant", tenant)
        service.manage("create_database", "--tenant", tenant, database)
        return cls(service, tenant, database)

    @property
    def url(self) -> str:
        """Where the tenant's pages begin."""
        return f"{self.service.url}/dashboard/t/{self.tenant}"

    def email(self, role: str) -> str:
        """The address of the person in this role; made when first asked for."""
        if role not in self.emails:
            email = f"{role}-{uuid.uuid4().hex[:8]}@example.org"
            environment = {"DASHBOARD_PASSWORD": PASSWORD}
            self.service.manage(
                "create_user", "--tenant", self.tenant, "--role", role, email, environment=environment
            )
            self.emails[role] = email
        return self.emails[role]

    def sign_in(self, page: Page, role: str = "owner") -> None:
        """Sign in as the person in this role; the page shows the tenant's first page then."""
        page.goto(f"{self.service.url}/dashboard/sign-in?next=/dashboard/t/{self.tenant}")
        page.get_by_label("E-mail address").fill(self.email(role))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("details.person summary")).to_be_visible()

    def key(self, name: str = "tests", *arguments: str) -> str:
        """An API key, by the operator's command."""
        return self.service.manage("create_key", "--tenant", self.tenant, "--name", name, *arguments).strip()

    def client(self, key: str) -> ClientAPI:
        """The published client with this key."""
        return chromadb.CloudClient(
            tenant=self.tenant,
            database=self.database,
            api_key=key,
            settings=Settings(anonymized_telemetry=False),
            cloud_host="127.0.0.1",
            cloud_port=urlsplit(self.service.url).port,
            enable_ssl=False,
        )

    def bill(self, *, written_bytes: int = 3 * 2**30) -> str:
        """An invoice of the month before, made by the operator's command; its number."""
        month = months.month_of(months.start_of(months.month_of(datetime.now(UTC))) - months.DAY)
        with psycopg.connect(self.service.environment["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT tenant_id FROM tenants_tenant WHERE name = %s", [self.tenant])
            (tenant_id,) = row.fetchone() or (None,)
            connection.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])
            connection.execute(
                "INSERT INTO cell_000.usage_ledger (tenant_id, database_id, collection_id, meter, operation,"
                " quantity, requests, at) VALUES (%s, %s, %s, 'bytes_written', 'add', %s, 1, %s)",
                [tenant_id, uuid.uuid4(), uuid.uuid4(), written_bytes, months.bounds(month)[0]],
            )
        said = self.service.manage("issue_invoices", "--month", months.shown(month), "--tenant", self.tenant)
        return said.strip()

    def post(self, key: str, path: str, body: Any) -> httpx.Response:
        """POST below the tenant's address of the data API."""
        address = f"{self.service.url}/api/v2/tenants/{self.tenant}{path}"
        return httpx.post(address, json=body, headers={"x-chroma-token": key}, timeout=60)

    def delete(self, key: str, path: str) -> httpx.Response:
        """DELETE below the tenant's address of the data API."""
        address = f"{self.service.url}/api/v2/tenants/{self.tenant}{path}"
        return httpx.delete(address, headers={"x-chroma-token": key}, timeout=60)
