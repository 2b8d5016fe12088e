# A host as auditors like it: the login user has no privileges, sudo asks for a password and wants
# a terminal, umask 077 for everybody, nothing runs from /tmp, no acl, no rsync, and the service
# user has no home.
# Arguments: the login user, the public key.
login=$1 key=$2

dpkg --purge --force-depends acl rsync 2>/dev/null

id "$login" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$login"
echo "$login:made-up-for-tests" | chpasswd
install -d -m 0700 -o "$login" -g "$login" "/home/$login" "/home/$login/.ssh"
printf '%s\n' "$key" >"/home/$login/.ssh/authorized_keys"
chown "$login:$login" "/home/$login/.ssh/authorized_keys"
cat >/etc/sudoers.d/bed <<EOF
Defaults requiretty, use_pty, umask=0077, umask_override
$login ALL=(ALL) ALL
EOF
chmod 0440 /etc/sudoers.d/bed
visudo --check --quiet

sed -i 's/^UMASK.*/UMASK 077/' /etc/login.defs
grep -q pam_umask /etc/pam.d/common-session || echo 'session optional pam_umask.so umask=0077' >>/etc/pam.d/common-session
echo 'umask 077' >/etc/profile.d/umask.sh

mount -o remount,noexec,nosuid,nodev /tmp
passwd --quiet --lock root
printf 'PermitRootLogin no\nPasswordAuthentication no\n' >/etc/ssh/sshd_config.d/bed.conf
systemctl reload ssh

id sums >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sums
