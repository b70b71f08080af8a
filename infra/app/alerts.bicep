// What somebody should hear of, by the names of log lines (docs/deploy.md explains each). What Event
// Grid itself reports is in event-alerts.bicep.
param location string
param tags object
param workspaceId string
param actionGroupName string
param email string
param silenceHours int
param expectsBackups bool

// What the Functions host logs when it puts a message aside that failed too often. It is no line of ours, and
// Azure has no metric for one queue: it is known by the queue's name in it.
var poisonQueue = 'optout-pending-poison'
var poisoned = 'put_aside'

var alerts = [
  {
    name: 'stop-not-recorded'
    says: 'A request to stop was not recorded'
    severity: 0
    every: 'PT5M'
    events: ['stop_not_recorded']
  }
  {
    name: 'app-failing'
    says: 'The app cannot answer'
    severity: 1
    every: 'PT5M'
    events: ['misconfigured', 'unavailable', 'unexpected_error']
  }
  {
    name: 'left-undone'
    says: 'A reply or an announcement was given up'
    severity: 1
    every: 'PT5M'
    events: ['gave_up', poisoned]
  }
  {
    name: 'event-in-quarantine'
    says: 'An event is in quarantine'
    severity: 2
    every: 'PT15M'
    events: ['quarantined']
  }
  {
    name: 'reply-failed'
    says: 'A reply failed'
    severity: 2
    every: 'PT15M'
    events: ['reply_failed', 'toll_free_not_verified']
  }
  {
    name: 'opt-ins-imported'
    says: 'A list opted people in'
    severity: 2
    every: 'PT5M'
    events: ['opt_ins_imported']
  }
  {
    name: 'review-overdue'
    says: 'A request has waited for review for days'
    severity: 2
    every: 'P1D'
    events: ['review_overdue']
  }
  {
    name: 'change-not-announced'
    says: 'A change was not announced'
    severity: 3
    every: 'PT15M'
    events: ['not_announced']
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'optout'
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in alerts: {
  name: 'optout-${alert.name}'
  location: location
  tags: tags
  properties: {
    displayName: 'optout: ${alert.says}'
    severity: alert.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: alert.every
    windowSize: alert.every
    // The table is not there before the first line is.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'AppTraces | extend event = iff(Message contains \'${poisonQueue}\', \'${poisoned}\', extract(@\'"event": "([a-z_]+)"\', 1, Message)) | where event in (\'${join(alert.events, '\', \'')}\')'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(email) ? [] : [people.id]
    }
  }
}]

// The other alerts need an app that says something. This one is for messages that do not come at all: ACS
// publishes none, the subscription is gone, or Event Grid is holding them back. The host logs a request for
// each event; none is sampled.
resource silence 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (silenceHours > 0) {
  name: 'optout-nothing-arrives'
  location: location
  tags: tags
  properties: {
    displayName: 'optout: Nothing has arrived for ${silenceHours} hours'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT1H'
    windowSize: 'PT${silenceHours}H'
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'AppRequests | where Name == \'sms_events\''
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(email) ? [] : [people.id]
    }
  }
}

// Whoever makes the copies does so elsewhere, and nothing of it is in the app's log: a copy is there or is
// not. Both ways in which a blob is written count, and only those that succeeded.
resource noBackup 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (expectsBackups) {
  name: 'optout-no-backup'
  location: location
  tags: tags
  properties: {
    displayName: 'optout: No copy of the list was written for two days'
    severity: 1
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT1H'
    windowSize: 'PT48H'
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'StorageBlobLogs | where OperationName in (\'PutBlob\', \'PutBlockList\') and StatusText == \'Success\' and Uri contains \'/backups/optout-\''
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(email) ? [] : [people.id]
    }
  }
}

output actionGroupId string = empty(email) ? '' : people.id
