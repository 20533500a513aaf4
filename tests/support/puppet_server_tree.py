"""The files of a Puppet Server that lives below one directory, as whoever runs the tests; nothing of /etc is read."""

import getpass
import grp
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "localhost"
_SERVICES = """\
puppetlabs.services.request-handler.request-handler-service/request-handler-service
puppetlabs.services.jruby.jruby-puppet-service/jruby-puppet-pooled-service
puppetlabs.services.jruby-pool-manager.jruby-pool-manager-service/jruby-pool-manager-service
puppetlabs.services.puppet-profiler.puppet-profiler-service/puppet-profiler-service
puppetlabs.trapperkeeper.services.webserver.jetty9-service/jetty9-service
puppetlabs.trapperkeeper.services.webrouting.webrouting-service/webrouting-service
puppetlabs.services.config.puppet-server-config-service/puppet-server-config-service
puppetlabs.services.master.master-service/master-service
puppetlabs.services.puppet-admin.puppet-admin-service/puppet-admin-service
puppetlabs.trapperkeeper.services.authorization.authorization-service/authorization-service
puppetlabs.services.versioned-code-service.versioned-code-service/versioned-code-service
puppetlabs.trapperkeeper.services.scheduler.scheduler-service/scheduler-service
puppetlabs.trapperkeeper.services.status.status-service/status-service
puppetlabs.trapperkeeper.services.metrics.metrics-service/metrics-service
puppetlabs.trapperkeeper.services.metrics.metrics-service/metrics-webservice
puppetlabs.services.jruby.jruby-metrics-service/jruby-metrics-service
puppetlabs.services.analytics.analytics-service/analytics-service
puppetlabs.services.ca.certificate-authority-service/certificate-authority-service
puppetlabs.trapperkeeper.services.watcher.filesystem-watch-service/filesystem-watch-service
"""
_ROUTES = {
    "puppetlabs.services.ca.certificate-authority-service/certificate-authority-service": "/puppet-ca",
    "puppetlabs.services.master.master-service/master-service": "/puppet",
    "puppetlabs.services.puppet-admin.puppet-admin-service/puppet-admin-service": "/puppet-admin-api",
    "puppetlabs.trapperkeeper.services.status.status-service/status-service": "/status",
    "puppetlabs.trapperkeeper.services.metrics.metrics-service/metrics-webservice": "/metrics",
}
_LOGGING = """\
<configuration>
  <appender name="FILE" class="ch.qos.logback.core.FileAppender"><file>{log}/puppetserver.log</file>
    <encoder><pattern>%d{{HH:mm:ss.SSS}} %-5p [%c{{2}}] %m%n</pattern></encoder></appender>
  <root level="info"><appender-ref ref="FILE"/></root>
</configuration>
"""
_PUPPET_CONF = """\
[main]
confdir = {root}/conf
codedir = {root}/code
vardir = {root}/var
rundir = {root}/run
logdir = {root}/log
ssldir = {root}/ssl
cadir = {root}/ca
certname = {name}
dns_alt_names = {name},127.0.0.1
server = {name}
serverport = {port}
environmentpath = {environments}
{versioned}user = {user}
group = {group}
[server]
autosign = true
reports = store
environment_timeout = unlimited
"""


@dataclass(frozen=True, slots=True)
class ServerTree:
    """Where a server has its files."""

    root: Path
    port: int
    versioned: Path | None = None
    """A directory that `pinner deploy` filled before the server starts: versioned directories, static catalogs."""

    @property
    def environments(self) -> Path:
        """The environment path: what is deployed to."""
        return self.versioned or self.root / "code" / "environments"

    @property
    def puppet_conf(self) -> Path:
        """Its puppet.conf."""
        return self.root / "conf" / "puppet.conf"

    @property
    def ssl(self) -> Path:
        """Its certificates, made at the first start."""
        return self.root / "ssl"

    @property
    def log(self) -> Path:
        """Its logs."""
        return self.root / "log"

    @property
    def reports(self) -> Path:
        """NODE/*.yaml, as agents send them."""
        return self.root / "var" / "reports"

    def write(self) -> None:
        """Write everything that a first start needs; the server makes its CA by itself."""
        for name in ("conf", "conf.d", "code/environments", "var", "run", "log", "gems", "tmp"):
            (self.root / name).mkdir(parents=True)
        (self.root / "services.cfg").write_text(_SERVICES)
        (self.root / "logback.xml").write_text(_LOGGING.format(log=self.log))
        # JSON is HOCON
        (self.root / "conf.d" / "all.conf").write_text(json.dumps(self._settings(), indent=2))
        user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        self.puppet_conf.write_text(
            _PUPPET_CONF.format(
                root=self.root,
                name=NAME,
                port=self.port,
                user=user,
                group=group,
                environments=self.environments,
                versioned="versioned_environment_dirs = true\n" if self.versioned else "",
            )
        )
        if self.versioned:
            configuration = (self.versioned / ".pinner/versioned-code.conf").read_text()
            (self.root / "conf.d" / "versioned-code.conf").write_text(configuration)

    def _settings(self) -> Mapping[str, Any]:
        return {
            "global": {"logging-config": str(self.root / "logback.xml")},
            "webserver": {
                "client-auth": "want",
                "ssl-host": "127.0.0.1",
                "ssl-port": self.port,
                # with TLS 1.3 an agent that is new waits 30 s between its request and its certificate
                "ssl-protocols": ["TLSv1.2"],
            },
            "web-router-service": _ROUTES,
            "jruby-puppet": self._jruby(),
            "authorization": {"version": 1, "rules": _rules()},
            "dropsonde": {"enabled": False},
            "product": {"check-for-updates": False},
            "certificate-authority": {},
            "metrics": {
                "server-id": NAME,
                "registries": {"puppetserver": {"reporters": {"jmx": {"enabled": False}}}},
            },
        }

    def _jruby(self) -> Mapping[str, Any]:
        """Return the settings of the only JRuby: one Ruby process, so that what leaks leaks each time."""
        gems = str(self.root / "gems")
        directories = {"conf": "conf", "code": "code", "var": "var", "run": "run", "log": "log"}
        return {
            "ruby-load-path": ["/usr/lib/puppetserver/ruby/vendor_ruby"],
            "gem-home": gems,
            "gem-path": [gems, "/usr/lib/puppetserver/vendored-jruby-gems"],
            "max-active-instances": 1,
            **{f"server-{name}-dir": str(self.root / place) for name, place in directories.items()},
        }


def _rules() -> list[Mapping[str, Any]]:
    """Return who may ask what: nodes for themselves, the server's own certificate for every node and the admin API."""
    node = {"path": "^/puppet/v3/(catalog|node|report|facts)/([^/]+)$", "type": "regex"}
    return [
        _rule("own objects", 400, node, allow=["$2", NAME]),
        _rule("the rest of v3", 500, {"path": "/puppet/v3/", "type": "path"}, allow="*"),
        _rule("catalogs of any node", 500, {"path": "/puppet/v4/catalog", "type": "path"}, allow=NAME),
        _rule("ca", 500, {"path": "/puppet-ca/v1/", "type": "path"}, **{"allow-unauthenticated": True}),
        _rule("status", 500, {"path": "/status/v1/", "type": "path"}, **{"allow-unauthenticated": True}),
        _rule("admin", 500, {"path": "/puppet-admin-api/v1/", "type": "path"}, allow=NAME),
        _rule("nothing else", 999, {"path": "/", "type": "path"}, deny="*"),
    ]


def _rule(name: str, order: int, request: Mapping[str, str], **answer: Any) -> Mapping[str, Any]:
    return {"name": name, "sort-order": order, "match-request": request, **answer}
