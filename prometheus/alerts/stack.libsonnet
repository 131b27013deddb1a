// The stack watches itself: what is lost, refused, full, blind or mute, and the alert whose absence tells that all are.

(import 'stack/losses.libsonnet')
+ (import 'stack/refusals.libsonnet')
+ (import 'stack/writing.libsonnet')
+ (import 'stack/room.libsonnet')
+ (import 'stack/canary.libsonnet')
+ (import 'stack/alerting.libsonnet')
