#!/bin/sh
# Installs what `python -m bench --with-postgraphile` needs: PostGraphile and its Node by npm, into a cache folder outside
# the tree, and PostgreSQL from Debian's packages. Needs npm, and root where PostgreSQL is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/graphql-app/postgraphile

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
fi
mkdir -p "$folder"
cp "$here/package.json" "$here/graphile.config.mjs" "$folder/"
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error
echo "PostGraphile is in $folder"
