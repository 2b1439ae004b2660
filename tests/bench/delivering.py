"""How fast webhooks go out, how soon, and what a backlog and dead endpoints cost those who have nothing to do with it.

``python -m tests.bench.delivering`` measures this alone; ``make bench`` ends with it.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import urlopen
from uuid import UUID

import msgspec
from sqlalchemy import text, update

from service.sites.changing import add_site, find_site
from service.sites.finding import Site
from service.sites.settings import PRESETS
from service.storage.engine import Database
from service.storage.portable import insert_many
from service.threads.registering import register_thread
from service.webhooks.endpoints import add_endpoint, change_endpoint, remove_endpoint
from service.webhooks.fanning_out import new_delivery
from service.webhooks.model import DeliveryRow, EndpointRow
from service.webhooks.secrets import EndpointSecrets
from service.webhooks.signing import make_secret
from tests.bench.a_service import ORIGIN, SECRET_KEY, databases, fill, serving, wait_until
from tests.bench.load import Asked, need_wrk, rate
