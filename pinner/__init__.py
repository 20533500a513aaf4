"""pinner: pins puppet-openstack modules per Puppet environment."""

__version__ = "0.1.0"
