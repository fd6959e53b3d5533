#!/usr/bin/env bash
# Installs the database engines the tests run on: MariaDB as a Debian package, and MySQL from
# Debian sid in a folder of its own, outside the tree. Needs root and apt; what is there stays.
# The package mirror is the one apt already uses (or DEBIAN_MIRROR).
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
# Server packages keep their programs where an ordinary PATH does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
MYSQL_ROOT=${MYSQL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/graphql-app/mysql-sid}

say() { printf 'engines: %s\n' "$*" >&2; }

refuse() {
    say "$*"
    exit 1
}

install_packages() {
    [ "$(id -u)" = 0 ] || refuse "installing $* needs root; run this as root, or install them yourself"
    command -v apt-get >/dev/null || refuse "there is no apt-get here; install $* yourself"
    # Another source of this machine may be out of order; whether the packages can be had is what counts.
    apt-get -qq update || say "apt-get update had trouble; going on with what it knows"
    apt-get -qq install --no-install-recommends "$@" >&2
}

debian_mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        printf '%s\n' "$DEBIAN_MIRROR"
        return
    fi
    apt-get indextargets --format "\$(ORIGIN)|\$(LABEL)|\$(REPO_URI)" | sed -n 's/^Debian|Debian|//p' | head -n 1
}

install_mariadb() {
    if command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null; then
        say "mariadb: already installed"
    else
        install_packages mariadb-server
    fi
    say "mariadb: $(mariadbd --version)"
}

install_mysql() {
    if command -v mysqld >/dev/null && ! mysqld --version | grep -q MariaDB; then
        say "mysql: $(mysqld --version)"
        return
    fi
    if [ ! -x "$MYSQL_ROOT/usr/sbin/mysqld" ]; then
        command -v debootstrap >/dev/null || install_packages debootstrap
        build_mysql_root
    fi
    say "mysql: $(chroot "$MYSQL_ROOT" /usr/sbin/mysqld --version)"
}

build_mysql_root() {
    [ "$(id -u)" = 0 ] || refuse "MySQL's own folder is made with debootstrap, which needs root"
    local mirror partial
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || refuse "apt knows no Debian mirror; name one in DEBIAN_MIRROR"
    partial=$MYSQL_ROOT.partial.$$
    mkdir -p "$(dirname "$MYSQL_ROOT")"
    rm -rf "$MYSQL_ROOT"
    say "mysql: building $MYSQL_ROOT (about 45 s, 560 MB)"
    if ! debootstrap --variant=minbase --include=mysql-server-core,mysql-client-core sid "$partial" "$mirror" >"$partial.log" 2>&1; then
        tail -n 20 "$partial.log" >&2
        rm -rf "$partial"
        refuse "debootstrap failed; its whole log is $partial.log"
    fi
    rm -rf "$partial/var/cache/apt" "$partial.log"
    mv "$partial" "$MYSQL_ROOT"
}

install_mariadb
install_mysql
