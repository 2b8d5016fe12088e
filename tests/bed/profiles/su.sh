# A host without sudo for its login user, who becomes root by `su` and its password.
# Arguments: the login user, the public key.
login=$1 key=$2

id "$login" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$login"
install -d -m 0700 -o "$login" -g "$login" "/home/$login/.ssh"
printf '%s\n' "$key" >"/home/$login/.ssh/authorized_keys"
chown "$login:$login" "/home/$login/.ssh/authorized_keys"
echo "root:made-up-for-tests" | chpasswd
