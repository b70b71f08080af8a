// How the messages of one ACS resource come to the app: the ACS resource's system topic, and a subscription
// on it. Deployed by infra/scripts/subscribe.py when the function is there, into the resource group of the
// topic. It may be deployed again at any time.
@description('The system topic: the one that the ACS resource has, or the name of the one to make.')
param topicName string

@description('SystemAssigned, with which Event Grid writes dead letters, beside what the topic has already.')
@allowed(['None', 'SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned'])
param topicIdentityType string

@description('The assigned identities that the topic has already, as Azure takes them: { id: {} }.')
param topicIdentities object

@description('Whether events that are given up are kept. Without it they are lost: only where Azure refuses it.')
param keepsDeadLetters bool

param topicLocation string
param topicTags object
param acsResourceId string
param subscriptionName string
param functionAppId string
param deadLetterStorageId string
param deadLetterContainer string
param actionGroupId string
param alertTags object

var functionApp = split(functionAppId, '/')
var deadLetterStorage = split(deadLetterStorageId, '/')

// Only one is allowed for each ACS resource; others may subscribe to it, too. ACS is global, and so is it.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: topicLocation
  tags: topicTags
  identity: {
    type: topicIdentityType
    userAssignedIdentities: empty(topicIdentities) ? null : topicIdentities
  }
  properties: {
    source: acsResourceId
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

// The identity is known only now, and is allowed to write before anything is to be written.
module deadLetters 'app/dead-letters.bicep' = if (keepsDeadLetters) {
  name: 'dead-letters'
  scope: resourceGroup(deadLetterStorage[2], deadLetterStorage[4])
  params: {
    storageName: last(deadLetterStorage)
    containerName: deadLetterContainer
    topicPrincipalId: topic.identity.principalId
  }
}

resource smsEvents 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: subscriptionName
  dependsOn: [deadLetters]
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: [
        'Microsoft.Communication.SMSReceived'
        'Microsoft.Communication.SMSDeliveryReportReceived'
      ]
    }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${functionAppId}/functions/sms_events'
        // One failure makes Event Grid send the whole batch again.
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: keepsDeadLetters ? {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetterStorageId
          blobContainerName: deadLetterContainer
        }
      }
    } : null
  }
}

module alerts 'app/event-alerts.bicep' = {
  name: 'event-alerts'
  scope: resourceGroup(functionApp[2], functionApp[4])
  params: {
    topicId: topic.id
    subscriptionName: smsEvents.name
    actionGroupId: actionGroupId
    tags: alertTags
  }
}
