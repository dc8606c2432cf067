# What is tried on the plain machine (machine.py): each check prints a line. The commands of docs/deploy.md come in where
# a line begins with an @.
check() { if [[ "$2" =~ $3 ]]; then echo "ok   $1: ${2:0:150}"; else echo "FAIL $1: ${2:0:600}, not $3"; fi; }
journal() { journalctl --unit puzzlescope --no-pager --output cat --lines 200; }
ask() { curl --silent --insecure --write-out ' %{http_code}' "https://localhost$1" | tail -c 300 | tr '\n' ' '; }
cd /opt/puzzlescope
@INSTALL@
check 'no start before something says who may enter' "$? $(journal)" '^1 .*nothing says who may enter'
sed -i 's/^# PUZZLESCOPE_OPEN=1/PUZZLESCOPE_OPEN=1/' /etc/puzzlescope/settings
systemctl restart puzzlescope
check 'started when it is ready' "$? $(curl --silent http://127.0.0.1:8501/ready)" '^0 Ready\.$'
status=$(cat "/proc/$(systemctl show --property MainPID --value puzzlescope)/status")
check 'no capability' "$(grep CapBnd <<<"$status")" '\s0+$'
check 'shut in' "$(grep -E 'NoNewPrivs|Seccomp:' <<<"$status" | tr -s '\n\t' ' ')" 'NoNewPrivs: 1 Seccomp: 2'
check 'the command' "$(puzzlescope status 2>&1 | head -3 | tr '\n' ' ')" '[Rr]eady'
systemctl start nginx
@NGINX@
check 'nginx before it' "$? $(ask /ready)" '^0 Ready\. 200$'
check 'a page by nginx' "$(ask / | tail -c 12)" ' 200$'
check 'no numbers by nginx' "$(ask /metrics | tail -c 12)" ' 403$'
kill -KILL "$(systemctl show --property MainPID --value puzzlescope)"
sleep 0.5
check 'killed' "$(ask / | grep -o 'asks again every five\| 503$' | tr '\n' ' ')" 'asks again every five  503'
for i in {1..120}; do sleep 1; [[ "$(systemctl is-active puzzlescope) $(ask /ready)" == active\ *Ready.\ 200 ]] && break; done
check 'and started again' "$(ask /ready)" '^Ready\. 200$'
began=$SECONDS
systemctl stop puzzlescope
check 'stopped' "$? $(systemctl show --property Result,ExecMainStatus puzzlescope | tr '\n' ' ')" '^0 .*success .*=0'
check 'in 10 s' "$((SECONDS - began))" '^[0-9]$'
sed -i 's/# server 127/server 127/' /etc/nginx/puzzlescope/upstream.conf
nginx -t 2>/dev/null && systemctl reload nginx
systemctl disable --now puzzlescope 2>/dev/null
systemctl enable --now puzzlescope@8501 puzzlescope@8502 2>/dev/null
check 'two processes' "$? $(systemctl is-active puzzlescope@8501 puzzlescope@8502 | tr '\n' ' ')" '^0 active active'
check 'behind nginx' "$(ask /ready)" '^Ready\. 200$'
echo DONE
systemctl poweroff --force --force
