import pytest

from voting.stores.settings import StoreSettings, mongodb_url_problem, redis_url_problem

REDIS = "redis://127.0.0.1:6379/0"
MONGODB = "mongodb://127.0.0.1:27017"


def test_urls_of_managed_stores_can_be_used() -> None:
    StoreSettings(
        redis_url="rediss://user:p%40ss@cache.example:6380/0", mongodb_url=f"{MONGODB}/?tls=true"
    )
    StoreSettings(mongodb_url="mongodb+srv://user:p%40ss@db.example/?authSource=admin")


@pytest.mark.parametrize(
    "url",
    [
        "rediss://user:secret@host:6379/0?ssl_ca_cert=/ca.pem",  # ssl_ca_certs
        "redis://user:secret@host:6379/0?ssl_ca_certs=/ca.pem",  # without TLS
        "rediss://user:sec/ret@host:6379/0",
        "rediss://user:secret@host:6379/0?ssl_ca_certs=/no/such/file",
        "redis://host:6379/0?ssl_password=secret",  # without TLS
    ],
)
def test_the_problem_of_a_redis_url_does_not_show_its_password(url: str) -> None:
    problem = redis_url_problem(url)
    assert problem
    assert "sec" not in problem
    with pytest.raises(ValueError, match="redis_url"):
        StoreSettings(redis_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://user:sec/ret@host",
        "mongodb://user:sec@ret@host",
        "mongodb://user:secret@host/?tls=true&tlsCAFile=/no/such/file",
        "mongodb://user:secret@host/?tls=true&tlsCAFile=/etc/hosts",
        "mongodb://user:secret@host/?tls=true&ssl=false",
        "mongodb://host/?tlsCertificateKeyFilePassword=secret&tls=false",
    ],
)
def test_the_problem_of_a_mongodb_url_does_not_show_its_password(url: str) -> None:
    problem = mongodb_url_problem(url)
    assert problem
    assert "sec" not in problem
    with pytest.raises(ValueError, match="mongodb_url"):
        StoreSettings(mongodb_url=url)


def test_a_missing_file_is_reported() -> None:
    problem = mongodb_url_problem(f"{MONGODB}/?tls=true&tlsCAFile=/no/such/file")
    assert problem == "names a file that cannot be used: No such file or directory"
