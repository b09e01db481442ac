"""A name server of our own: every name is somewhere public, but for those of the company inside."""

import ipaddress


def somewhere_public(host, port):
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return ["10.0.0.8" if host.startswith("inside.") else "93.184.215.14"]
