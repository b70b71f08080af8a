// The suppression list and its evidence in tables, the queue of what is still to be done about it, and the
// events that Event Grid gave up on.
param location string
param tags object
param name string
param replication string
param appPrincipalId string
param operatorsGroupId string
param isLocked bool
param auditWorkspaceId string

var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
// The trigger reads, hides, shows again and deletes messages, and the app adds them. No smaller role that is
// built in lets a message be shown again after a failure: docs/decisions.md.
var storageQueueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var storageQueueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var deadLetterContainer = 'dead-letters'

module storage 'storage-account.bicep' = {
  name: 'list-storage-account'
  params: {
    location: location
    tags: tags
    name: name
    replication: replication
    containerName: deadLetterContainer
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobs
  name: deadLetterContainer
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
  dependsOn: [storage]
}

resource pending 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = {
  parent: queues
  name: 'optout-pending'
}

// Where the Functions host puts a message that failed too often; it derives the name. Made here, so that the
// app needs no right to make queues.
resource poison 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = {
  parent: queues
  name: '${pending.name}-poison'
}

// Table Storage has no undo: an account that is deleted takes the list and its evidence with it.
resource keepsTheList 'Microsoft.Authorization/locks@2016-09-01' = if (isLocked) {
  name: 'keep-the-list'
  scope: account
  dependsOn: [storage, appKeepsTheList]
  properties: {
    level: 'CanNotDelete'
    notes: 'The suppression list and its evidence. docs/deploy.md says how to take it down.'
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
  dependsOn: [storage]
}

// Who changed the tables, by identity and address. A line names the rows, and so people's numbers.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(auditWorkspaceId)) {
  name: 'audit'
  scope: tables
  properties: {
    workspaceId: auditWorkspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource appFinishesWhatIsPending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(pending.id, appPrincipalId, storageQueueDataContributor)
  scope: pending
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageQueueDataContributor)
  }
}

resource appPutsAsideWhatFails 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(poison.id, appPrincipalId, storageQueueDataMessageSender)
  scope: poison
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageQueueDataMessageSender)
  }
}

resource appKeepsTheList 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, storageTableDataContributor)
  scope: account
  dependsOn: [storage]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

// Contributor, because who has replayed a dead letter deletes it.
resource operatorsReplayDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(deadLetters.id, operatorsGroupId, storageBlobDataContributor)
  scope: deadLetters
  dependsOn: [storage]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

resource operatorsKeepTheList 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, operatorsGroupId, storageTableDataContributor)
  scope: account
  dependsOn: [storage]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

// A dead letter that is replayed may leave something to be done.
resource operatorsLeaveWhatIsPending 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(pending.id, operatorsGroupId, storageQueueDataMessageSender)
  scope: pending
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageQueueDataMessageSender)
  }
}

output id string = storage.outputs.id
output tableEndpoint string = storage.outputs.tableEndpoint
output queueEndpoint string = storage.outputs.queueEndpoint
output deadLetterContainer string = deadLetterContainer
output deadLetterContainerUrl string = storage.outputs.containerUrl
