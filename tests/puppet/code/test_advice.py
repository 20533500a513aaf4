"""What real texts, as they stand in the modules, say to use instead and when the thing goes."""

import pytest

from pinner.puppet.code.deprecations import removal_of, replacement_of


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        (
            "The auth_uri parameter is deprecated. Please use www_authenticate_uri instead.",
            "www_authenticate_uri",
        ),
        (
            "The auth_host parameter is deprecated. Please use auth_uri and identity_uri instead.",
            "auth_uri, identity_uri",
        ),
        (
            "The version parameter is deprecated, use public_url, internal_url and admin_url instead.",
            "public_url, internal_url, admin_url",
        ),
        (
            "(optional) DEPRECATED: Use public_url(_s3), internal_url(_s3) and admin_url(_s3) instead.",
            "public_url, internal_url, admin_url",
        ),
        ("Deprecated. Use nova::keystone::authtoken::auth_uri", "nova::keystone::authtoken::auth_uri"),
        ("nova::api::old is deprecated, please use nova::api::new_one instead.", "new_one"),
        (
            "The lock_path parameter is deprecated. Use the lock_path parameter on the base neutron class instead.",
            "neutron::lock_path",
        ),
        (
            "DEPRECATED: Has no effect in this class. Use the same parameter in neutron::server instead.",
            "neutron::server::old",
        ),
        ("The cache_retry_delay parameter is deprecated. Use the nova::cache class", "nova::cache"),
        ("This class is deprecated in favor of nova::placement", "nova::placement"),
        (
            "sql_connection is deprecated for connection in the neutron::server class",
            "neutron::server::connection",
        ),
        ("Deprecated. region_name parameter should be used instead", "region_name"),
        (
            "Deprecated and will be replaced by ::glance::api::authtoken::auth_uri",
            "glance::api::authtoken::auth_uri",
        ),
        ("The workers parameter is deprecated, use 'osapi_compute_workers'.", "osapi_compute_workers"),
        ("The redis_username parameter is deprecated. Use the username parameter instead", "username"),
        ("The old parameter is deprecated. Use the driver parameter instead", "driver"),
        ("The old parameter is deprecated, use old instead", None),
        ("The use_tls parameter is now deprecated. Please set transport=tls instead.", None),
        ("Auth plugins based authentication should be used instead", None),
        ("Deploy another driver instead.", None),
        ("(optional) Used to set quota_items for all", None),
        ("The img_dir parameter is deprecated.", None),
    ],
)
def test_replacement(text: str, replacement: str | None) -> None:
    assert replacement_of(text, "old", "nova::api") == replacement


@pytest.mark.parametrize(
    ("text", "removal"),
    [
        ("It will be removed in the N release.", "the N release"),
        ("(DEPRECATED) Does nothing and will be removed in Icehouse", "Icehouse"),
        ("is deprecated and will be removed after Newton cycle, use b", "Newton cycle"),
        ("will be removed in a future realse. Use b", "a future realse"),
        ("Support will be dropped as of the M-release of OpenStack.", "the M-release"),
        ("will be removed from sahara::notify in a future release", "a future release"),
        ("will be completely removed during a later release", "a later release"),
        ("will be removed in M.", "M"),
        ("is deprecated for removal", None),
        ("is deprecated", None),
    ],
)
def test_removal(text: str, removal: str | None) -> None:
    assert removal_of(text) == removal
