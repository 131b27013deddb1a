// One receiver for each channel and severity that is switched on. Secrets only ever by the name of their file.

local template(name) = '{{ template "heliograph.%s" . }}' % name;

{
  _config:: error 'needs the configuration',

  local channels = $._config.channels,
  local paths = $._config.paths,

  // Where Alertmanager sees a secret: containers get all of them in one folder.
  local secret(file) =
    if paths.secrets == null then file
    else paths.secrets + '/' + std.reverse(std.split(file, '/'))[0],

  local email(to, settings) = {
    to: to,
    send_resolved: true,
    headers: {
      Subject: template('email.subject'),
      // For machines that read the mail: filters, and the local inbox.
      'X-Heliograph-Alert': '{{ .GroupLabels.alertname }}',
      'X-Heliograph-Job': '{{ .GroupLabels.job }}',
      'X-Heliograph-Severity': '{{ .GroupLabels.severity }}',
      'X-Heliograph-Status': '{{ .Status }}',
    },
    html: template('email.html'),
    text: template('email.text'),
    // The mails of one trouble in one thread.
    threading: { enabled: true, thread_by_date: 'none' },
  } + settings,

  local relay = {
    from: channels.email.sender,
    smarthost: channels.email.smarthost,
    require_tls: channels.email.require_tls,
    [if channels.email.username != null then 'auth_username']: channels.email.username,
    [if channels.email.password_file != null && channels.email.username != null then 'auth_password_file']:
      secret(channels.email.password_file),
  },

  local slack(tier) = {
    local room = channels.slack[tier],
    api_url_file: secret(if room.webhook_url_file != null then room.webhook_url_file else channels.slack.webhook_url_file),
    channel: room.room,
    send_resolved: true,
    color: template('slack.color'),
    title: template('slack.title'),
    title_link: template('slack.title_link'),
    text: template('slack.text'),
    fallback: template('slack.fallback'),
    footer: '',
  },

  local sns(number) = {
    phone_number: number,
    send_resolved: true,
    message: template('sms.text'),
    subject: '',
    sigv4: {
      region: channels.sms.sns.region,
      [if channels.sms.sns.profile != null then 'profile']: channels.sms.sns.profile,
    },
  },

  // The body is one string of JSON: Alertmanager reads every text of a payload as YAML once it is rendered, and would
  // turn "+49170…" into a number and "A: b" into a mapping. Inside quotes it lets them be; sms.text has none of its own.
  local gateway = {
    url_file: secret(channels.sms.webhook_url_file),
    send_resolved: true,
    payload: '{"to": %s, "text": "%s"}' % [std.manifestJsonMinified(channels.sms.numbers), template('sms.text')],
  },

  local inbox = {
    name: 'inbox',
    email_configs: [
      email(channels.inbox.address, {
        from: channels.inbox.sender,
        smarthost: channels.inbox.smtp,
        // On this machine only; every other mail server is asked for TLS.
        require_tls: false,
      }),
    ],
    webhook_configs: [{ url: channels.inbox.webhook, send_resolved: true }],
  },

  all::
    (if channels.inbox.enabled then [inbox] else [])
    + [
      { name: 'slack-' + tier, slack_configs: [slack(tier)] }
      for tier in ['critical', 'warning']
      if channels.slack.enabled
    ]
    + [
      { name: 'email-' + tier, email_configs: [email(address, relay) for address in channels.email[tier]] }
      for tier in ['critical', 'warning']
      if channels.email.enabled
    ]
    + (
      if !channels.sms.enabled then []
      else if channels.sms.via == 'sns'
      then [{ name: 'sms-critical', sns_configs: [sns(number) for number in channels.sms.numbers] }]
      else [{ name: 'sms-critical', webhook_configs: [gateway] }]
    ),
}
