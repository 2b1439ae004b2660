"""Every table of the service, in one metadata: for migrations, which must see them all."""

from service.access import model as access
from service.comments import model as comments
from service.events import model as events
from service.sites import model as sites
from service.storage.schema import Base
from service.threads import model as threads

MODELS = (sites, access, threads, comments, events)
METADATA = Base.metadata
