// Everything but the event subscription, which names a function and so is made after the code is
// deployed: see events.bicep.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('The azd environment: a name for this deployment.')
param environmentName string

// Those that offer Flex Consumption, as Microsoft's template functions-quickstart-python-http-azd has them (read on
// 2026-11-21). Where one is missing, az functionapp list-flexconsumption-locations knows, and it is added here.
@minLength(1)
@description('The region.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@minLength(1)
@description('The resource id of the Azure Communication Services resource whose numbers people text.')
param acsResourceId string

@description('Whether changes of consent are announced to an Event Grid topic.')
param announceChanges bool = false

@description('Who hears of alerts. Without it the alerts are there and tell nobody.')
param alertEmail string = ''

@description('The client id of an Entra app registration by which callers may sign in, so that it is recorded who they are.')
param authClientId string = ''

@description('The Messaging Connect partner whose numbers are in the program file.')
param messagingConnectPartner string = 'infobip'

@description('The address of the Key Vault secret with the key of that partner. Without it there is no such number.')
param messagingConnectSecretUri string = ''

@description('Where the links of messages lead: https and a name that this app answers to. Without it there are none.')
param linkBase string = ''

@description('The address of the Key Vault secret with the keys of links, NAME:BASE64 and more after commas.')
param linkKeysSecretUri string = ''

@description('Whether nobody can delete the list storage account by accident. Needs the right to make locks.')
param lockList bool = true

@description('Whether Log Analytics keeps who wrote and deleted in the storage account of the list, with numbers.')
param auditList bool = false

// A deaf app says nothing, so it is on by default; two days, the longest that Azure can look back, because a
// program of work days hears nothing at a weekend.
@allowed([0, 1, 2, 3, 4, 5, 6, 24, 48])
@description('After how many hours without any event somebody hears of it. 0: never.')
param silenceHours int = 48

@description('The object id of a group whose members may work on the store and the dead letters from a desk.')
param operatorsGroupId string = ''

@minValue(1)
@maxValue(3650)
@description('After how many days a copy of the list is deleted. It can be brought back for 30 days more.')
param backupDays int = 35

@description('The object id of the service principal that makes the copies on a schedule. With it, an alert tells when none was written.')
param backupPrincipalId string = ''

@allowed(['Standard_GRS', 'Standard_GZRS', 'Standard_ZRS'])
@description('How the storage accounts are replicated. A region without a pair takes Standard_ZRS.')
param replication string = 'Standard_GRS'

// Stated here alone, and what Microsoft's own templates for Flex Consumption take.
var pythonVersion = '3.12'

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var acs = split(acsResourceId, '/')
var hasLinks = !empty(linkBase) && !empty(linkKeysSecretUri)

resource group 'Microsoft.Resources/resourceGroups@2024-07-01' = {
  name: '${abbreviations.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identities 'app/identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    location: location
    tags: tags
    appName: '${abbreviations.identity}app-${token}'
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    logAnalyticsName: '${abbreviations.logAnalytics}${token}'
    applicationInsightsName: '${abbreviations.applicationInsights}${token}'
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    actionGroupName: '${abbreviations.actionGroup}${token}'
    email: alertEmail
    silenceHours: silenceHours
    expectsBackups: !empty(backupPrincipalId)
  }
}

module hostStorage 'app/host-storage.bicep' = {
  name: 'host-storage'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.storage}host${token}'
    replication: replication
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module listStorage 'app/list-storage.bicep' = {
  name: 'list-storage'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.storage}list${token}'
    replication: replication
    appPrincipalId: identities.outputs.appPrincipalId
    operatorsGroupId: operatorsGroupId
    isLocked: lockList
    auditWorkspaceId: auditList ? monitoring.outputs.workspaceId : ''
  }
}

module backupStorage 'app/backup-storage.bicep' = {
  name: 'backup-storage'
  scope: group
  // It gives a role on the list's account.
  dependsOn: [listStorage]
  params: {
    location: location
    tags: tags
    name: '${abbreviations.storage}copy${token}'
    replication: replication
    keptDays: backupDays
    operatorsGroupId: operatorsGroupId
    backupPrincipalId: backupPrincipalId
    listStorageName: '${abbreviations.storage}list${token}'
    isLocked: lockList
    auditWorkspaceId: monitoring.outputs.workspaceId
  }
}

module communication 'app/communication.bicep' = {
  name: take('optout-communication-${environmentName}', 64)
  scope: resourceGroup(acs[2], acs[4])
  params: {
    name: last(acs)
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module announcements 'app/announcements.bicep' = if (announceChanges) {
  name: 'announcements'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.eventGridTopic}${token}'
    appPrincipalId: identities.outputs.appPrincipalId
    operatorsGroupId: operatorsGroupId
  }
}

module functionApp 'app/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.functionApp}${token}'
    planName: '${abbreviations.plan}${token}'
    pythonVersion: pythonVersion
    identityId: identities.outputs.appId
    identityClientId: identities.outputs.appClientId
    packagesUrl: hostStorage.outputs.packagesUrl
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    readsKeyVault: !empty(messagingConnectSecretUri) || hasLinks
    settings: {
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identities.outputs.appClientId
      AzureWebJobsStorage__blobServiceUri: hostStorage.outputs.blobEndpoint
      OPTOUT_STORE: 'tables'
      OPTOUT_TABLES_ENDPOINT: listStorage.outputs.tableEndpoint
      OptoutQueue__queueServiceUri: listStorage.outputs.queueEndpoint
      OptoutQueue__credential: 'managedidentity'
      OptoutQueue__clientId: identities.outputs.appClientId
      OPTOUT_ACS_ENDPOINT: communication.outputs.endpoint
      OPTOUT_EVENT_SOURCE: acsResourceId
      // Empty counts as not set.
      OPTOUT_TOPIC_ENDPOINT: announceChanges ? announcements!.outputs.endpoint : ''
      OPTOUT_LINK_BASE: hasLinks ? linkBase : ''
      OPTOUT_LINK_KEYS: hasLinks ? '@Microsoft.KeyVault(SecretUri=${linkKeysSecretUri})' : ''
      'OPTOUT_MESSAGING_CONNECT_KEY_${toUpper(messagingConnectPartner)}': empty(messagingConnectSecretUri) ? '' : '@Microsoft.KeyVault(SecretUri=${messagingConnectSecretUri})'
    }
  }
}

module signIn 'app/sign-in.bicep' = if (!empty(authClientId)) {
  name: 'sign-in'
  scope: group
  params: {
    siteName: functionApp.outputs.name
    authClientId: authClientId
  }
}

// azd keeps the outputs in the environment: for infra/scripts, and for whoever types commands.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name
output AZURE_FUNCTION_APP_ID string = functionApp.outputs.id
output ACS_RESOURCE_ID string = acsResourceId
output LIST_STORAGE_ID string = listStorage.outputs.id
output DEAD_LETTER_CONTAINER string = listStorage.outputs.deadLetterContainer
output DEAD_LETTER_CONTAINER_URL string = listStorage.outputs.deadLetterContainerUrl
output TABLES_ENDPOINT string = listStorage.outputs.tableEndpoint
output BACKUP_CONTAINER_URL string = backupStorage.outputs.containerUrl
output BACKUP_STORAGE_ID string = backupStorage.outputs.id
output ACTION_GROUP_ID string = alerts.outputs.actionGroupId
output SERVICE_API_URL string = functionApp.outputs.url
