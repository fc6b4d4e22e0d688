"""Dovecot's configuration; 2.4 renamed much of what 2.3 had."""

# The capabilities of 2.3 without IDLE (and what needs it).
NO_IDLE = ("IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ NAMESPACE "
           "UIDPLUS ESEARCH SPECIAL-USE")

COMMON = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap lmtp
listen = {listen}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
auth_cache_size = 1M
mail_fsync = {fsync}
mail_max_userip_connections = {per_user}
imap_hibernate_timeout = {hibernate}
default_client_limit = {clients}
default_process_limit = {processes}
ssl = yes
lmtp_add_received_header = no
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  client_limit = {connections}
}}
service stats {{
  chroot =
}}
service auth {{
  client_limit = {connections}
}}
service imap-login {{
  chroot =
  {recycle} = {never}
  process_min_avail = 2
  client_limit = {connections}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {port_tls}
    ssl = yes
  }}
}}
service imap {{
  process_limit = {processes}
  client_limit = {per_process}
  {recycle} = {requests}
  extra_groups =
  unix_listener imap-master {{
    user = {user}
  }}
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0660
    group = {group}
  }}
}}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {port_lmtp}
  }}
}}
"""

V23 = """\
mail_location = {storage}:%h/mail
disable_plaintext_auth = {no_plaintext}
ssl_cert = <{cert}
ssl_key = <{key}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/users/%u allow_all_users=yes
}}
"""

# Before the password's passdb, which would say no to a token.
TOKENS_23 = """\
auth_mechanisms = plain {mechanisms}
passdb {{
  driver = oauth2
  mechanisms = {mechanisms}
  args = {folder}/oauth2.conf
}}
"""

TOKENS_24 = """\
auth_mechanisms = plain {mechanisms}
oauth2 {{
  introspection_mode = post
  introspection_url = {url}
  username_attribute = username
  active_attribute = active
  active_value = true
  {ca}
}}
passdb oauth2 {{
  mechanisms_filter = {mechanisms}
}}
"""

OAUTH2_23 = """\
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
{ca}
"""

V24 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
mail_driver = {storage}
mail_path = %{{home}}/mail
auth_allow_cleartext = {plaintext}
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
passdb static {{
  password = {password}
}}
userdb static {{
  allow_all_users = yes
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/users/%{{user}}
  }}
}}
"""


def yes(value: bool) -> str:
    return "yes" if value else "no"


def text(version: tuple, options: dict) -> str:
    values = dict(options)
    values["fsync"] = "optimized" if options["fsync"] else "never"
    values["hibernate"] = "1s" if options["hibernate"] else "0"
    values["no_plaintext"] = yes(not options["plaintext"])
    values["plaintext"] = yes(options["plaintext"])
    # Many idle clients: let them share processes, or memory ends.
    many = options["clients"] > 500
    values["connections"] = options["clients"] * 2 + 1000
    values["processes"] = 200 if many else options["clients"] + 50
    values["per_process"] = 500 if many else 1
    # Dovecot takes a peer with its own address as secure; 127.0.0.2 is not.
    if not options["plaintext"]:
        values["listen"] += ", 127.0.0.2"
    new = version >= (2, 4)
    values["recycle"] = "restart_request_count" if new else "service_count"
    values["never"] = "unlimited" if new else 0
    values["requests"] = values["never"] if many else 1
    if new:
        # The version must be the first line.
        return (V24.format(**values) + tokens(TOKENS_24, values) +
                COMMON.format(**values) + idle_24(values))
    return (COMMON.format(**values) + tokens(TOKENS_23, values) +
            V23.format(**values) + idle_23(values))


def tokens(template: str, values: dict) -> str:
    if not values["tokens"]:
        return ""
    url, ca, mechanisms = values["tokens"]
    ca = f"ssl_client_ca_file = {ca}" if ca else ""
    return template.format(url=url, ca=ca, mechanisms=mechanisms, **values)


def oauth2_23(options: dict) -> str:
    url, ca, _ = options["tokens"]
    return OAUTH2_23.format(
        url=url, ca=f"tls_ca_cert_file = {ca}" if ca else "")


def idle_23(values: dict) -> str:
    return "" if values["idle"] else f"imap_capability = {NO_IDLE}\n"


def idle_24(values: dict) -> str:
    return "" if values["idle"] else "imap_capability {\n  IDLE = no\n}\n"
