#!/usr/bin/env bash
# What makes a container of Debian 12 out of the sources in /opt/hpcx; jobs/Dockerfile and jobs/hpcx.def call it, as root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
cd /opt/hpcx
apt-get update -q
apt-get install -y -q --no-install-recommends ca-certificates openssh-client    # mpirun asks for ssh even on one machine
STACK=debian bash jobs/environment.sh
ln -sf /opt/hpcx/.venv/bin/hpcx /usr/local/bin/hpcx
apt-get clean
rm -rf /var/lib/apt/lists/* /root/.cache
