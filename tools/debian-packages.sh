# Sourced by the scripts that fetch Debian's packages, each under its own licence. Needs neither root nor apt, only curl and either dpkg-deb or ar with tar and xz.
pool="http://deb.debian.org/debian/pool"
caches="${XDG_CACHE_HOME:-$HOME/.cache}/unpairedsegengine"

# fetch CACHE PACKAGE SHA256 [PATH ...]: unpacks a package of the pool, or some of its files (./usr/...), into a folder.
fetch() {
  local cache="$1" package="$2" sum="$3" file="$1/${2##*/}"
  shift 3
  curl --fail --silent --show-error --location --retry 3 --output "$file" "$pool/$package"
  echo "$sum  $file" | sha256sum --check --quiet
  if command -v dpkg-deb > /dev/null; then
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$cache" "$@"
  else
    ar p "$file" data.tar.xz | tar -xJ -C "$cache" "$@"
  fi
  rm "$file"
}
