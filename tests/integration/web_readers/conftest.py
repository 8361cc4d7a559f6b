import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from service.bootstrap import Runtime
from service.newsletters.models import Newsletter
from service.subscribers.models import Subscription
from tests.factories import make_newsletter, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader


@pytest.fixture
def reader(client: FlaskClient, runtime: Runtime) -> Reader:
    return Reader(client, runtime)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    row = make_newsletter(session, slug="courier", name="The Harbour Courier")
    session.commit()
    return row


@pytest.fixture
def active(session: Session, newsletter: Newsletter) -> Subscription:
    row = make_subscription(session, newsletter, email=ANN, time_zone="Europe/Berlin")
    session.commit()
    return row
