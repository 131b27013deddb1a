// What Alertmanager is told of each kind of channel: kind → function(tier, own) → the integrations of one receiver.
//
//   tier   critical or warning
//   own    what a team or a tenant states of this kind; null: the general channel
//
// null comes back where there is nothing to send by: a text message for a warning, a tier that `own` does not state.
// Secrets only ever by the name of their file.

local template(name) = '{{ template "heliograph.%s" . }}' % name;

// The first that is stated; null where none is.
local choose(values) =
  local stated = std.filter(function(value) value != null, values);
  if stated == [] then null else stated[0];

// own.a.b, or null where a part of the way is missing.
local at(object, path) = std.foldl(function(node, key) if node == null then null else std.get(node, key), path, object);

{
  _config:: error 'needs the configuration',

  local integrations = self,
  local channels = $._config.channels,
  local paths = $._config.paths,

  // Where Alertmanager sees a secret: containers get all of them in one folder.
  local secret(file) =
    if paths.secrets == null then file
    else paths.secrets + '/' + std.reverse(std.split(file, '/'))[0],

  // Of a room: its own value, else the one for both tiers; null: this tier is not stated.
  local room(kind, tier, own, key) = choose(
    if own == null then [channels[kind][tier][key], channels[kind][key]]
    else [at(own, [tier, key]), own[key]]
  ),

  local severities(kind, own) = choose([at(own, ['severities']), channels[kind].severities]),

  mail(to, settings):: {
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

  inbox:: {
    email_configs: [
      integrations.mail(channels.inbox.address, {
        from: channels.inbox.sender,
        smarthost: channels.inbox.smtp,
        // On this machine only; every other mail server is asked for TLS.
        require_tls: false,
      }),
    ],
    webhook_configs: [{ url: channels.inbox.webhook, send_resolved: true }],
  },

  // The end of Watchdog is what the receiver must not hear of: it would take it for one more sign of life.
  deadman:: {
    webhook_configs: [{ url_file: secret(channels.deadman.url_file), send_resolved: false }],
  },

  kinds:: {
    slack(tier, own)::
      local file = choose([room('slack', tier, own, 'webhook_url_file')] + (
        if at(own, [tier, 'room']) == null then []
        else [channels.slack[tier].webhook_url_file, channels.slack.webhook_url_file]
      ));
      // A webhook of a team's own knows its room; the general rooms are no concern of it.
      local name = if own == null then channels.slack[tier].room else at(own, [tier, 'room']);
      if file == null then null
      else {
        slack_configs: [{
          api_url_file: secret(file),
          [if name != null then 'channel']: name,
          send_resolved: true,
          color: template('slack.color'),
          title: template('slack.title'),
          title_link: template('slack.title_link'),
          text: template('slack.text'),
          fallback: template('slack.fallback'),
          footer: '',
        }],
      },

    email(tier, own)::
      local relay = {
        from: channels.email.sender,
        smarthost: channels.email.smarthost,
        require_tls: channels.email.require_tls,
        [if channels.email.username != null then 'auth_username']: channels.email.username,
        [if channels.email.password_file != null && channels.email.username != null then 'auth_password_file']:
          secret(channels.email.password_file),
      };
      local people = if own == null then channels.email[tier] else own[tier];
      if people == null then null
      else { email_configs: [integrations.mail(address, relay) for address in people] },

    sms(tier, own)::
      local numbers = if own == null then channels.sms.numbers else own.numbers;
      // The body is one string of JSON: Alertmanager reads every text of a payload as YAML once it is rendered, and
      // would turn "+49170…" into a number and "A: b" into a mapping. Inside quotes it lets them be; sms.text has none.
      local gateway = {
        url_file: secret(channels.sms.webhook_url_file),
        send_resolved: true,
        payload: '{"to": %s, "text": "%s"}' % [std.manifestJsonMinified(numbers), template('sms.text')],
      };
      local sns(number) = {
        phone_number: number,
        send_resolved: true,
        message: template('sms.text'),
        subject: '',
        sigv4: {
          region: channels.sms.sns.region,
          [if channels.sms.sns.profile != null then 'profile']: channels.sms.sns.profile,
        },
      };
      if tier != 'critical' then null
      else if channels.sms.via == 'sns' then { sns_configs: [sns(number) for number in numbers] }
      else { webhook_configs: [gateway] },

    pagerduty(tier, own)::
      if !std.member(severities('pagerduty', own), tier) then null
      else {
        pagerduty_configs: [{
          routing_key_file: secret((if own == null then channels.pagerduty else own).routing_key_file),
          url: channels.pagerduty.url,
          send_resolved: true,
          client: 'Heliograph',
          client_url: template('link'),
          description: template('subject'),
          severity: template('pagerduty.severity'),
          source: template('pagerduty.source'),
          class: '{{ .CommonLabels.alertname }}',
          component: '{{ .CommonLabels.model }}',
          group: '{{ .CommonLabels.team }}',
          // A link whose address is empty is left out.
          links: [
            { text: 'Runbook', href: '{{ .CommonAnnotations.runbook_url }}' },
            { text: 'Dashboard', href: '{{ .CommonAnnotations.dashboard_url }}' },
            { text: 'Traces', href: '{{ .CommonAnnotations.trace_url }}' },
            { text: 'Logs', href: '{{ .CommonAnnotations.logs_url }}' },
            { text: 'Acknowledge (silence)', href: template('silence') },
          ],
          // Each is read as YAML once rendered, a plain text too ("a: b" would be a mapping). So all are objects and lists
          // in JSON, which no label can break out of. `firing` and `resolved` replace Alertmanager's own of that name.
          details: {
            about: template('json.about'),
            firing: template('json.firing'),
            resolved: template('json.resolved'),
          },
        }],
      },

    opsgenie(tier, own)::
      if !std.member(severities('opsgenie', own), tier) then null
      else {
        opsgenie_configs: [{
          api_key_file: secret((if own == null then channels.opsgenie else own).api_key_file),
          api_url: channels.opsgenie.url,
          send_resolved: true,
          message: template('subject'),
          description: template('plain'),
          priority: template('opsgenie.priority'),
          source: 'Heliograph',
          entity: '{{ .CommonLabels.job }}',
          tags: '{{ .CommonLabels.team }},{{ .CommonLabels.severity }}',
        }],
      },

    msteams(tier, own)::
      local file = room('msteams', tier, own, 'webhook_url_file');
      if file == null then null
      else {
        msteamsv2_configs: [{
          webhook_url_file: secret(file),
          send_resolved: true,
          title: template('msteams.title'),
          text: template('msteams.text'),
        }],
      },

    discord(tier, own)::
      local file = room('discord', tier, own, 'webhook_url_file');
      if file == null then null
      else {
        discord_configs: [{
          webhook_url_file: secret(file),
          send_resolved: true,
          username: 'Heliograph',
          title: template('discord.title'),
          message: template('discord.text'),
        }],
      },

    telegram(tier, own)::
      local chat = room('telegram', tier, own, 'chat');
      if chat == null then null
      else {
        telegram_configs: [{
          bot_token_file: secret(channels.telegram.bot_token_file),
          api_url: channels.telegram.url,
          chat_id: chat,
          send_resolved: true,
          // Not HTML: a message that is too long would then not be cut but replaced by an apology.
          parse_mode: '',
          message: template('telegram.text'),
          // A warning rings nobody's phone at night.
          disable_notifications: tier != 'critical',
        }],
      },

    webhook(tier, own)::
      local chosen = if own == null then channels.webhook else own;
      if !std.member(severities('webhook', own), tier) then null
      else {
        webhook_configs: [{
          url_file: secret(chosen.url_file),
          send_resolved: true,
          [if chosen.bearer_token_file != null then 'http_config']: {
            authorization: { credentials_file: secret(chosen.bearer_token_file) },
          },
          [if chosen.bearer_token_file == null && chosen.username != null then 'http_config']: {
            basic_auth: { username: chosen.username, password_file: secret(chosen.password_file) },
          },
        }],
      },
  },
}
