# An ordinary host: a login user who may become root without a password.
# Arguments: the login user, the public key.
login=$1 key=$2

id "$login" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$login"
install -d -m 0700 -o "$login" -g "$login" "/home/$login/.ssh"
printf '%s\n' "$key" >"/home/$login/.ssh/authorized_keys"
chown "$login:$login" "/home/$login/.ssh/authorized_keys"
printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$login" >/etc/sudoers.d/bed
chmod 0440 /etc/sudoers.d/bed
for service in sums fleet; do
  id "$service" >/dev/null 2>&1 || useradd --system --create-home --shell /usr/sbin/nologin "$service"
done
